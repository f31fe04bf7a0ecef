select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.datum as sold_on,
    landed.warengruppe as article,
    landed.umsatz as line_amount,
    'day' as order_grain,
    {{ raw_record('landed', [
        'datum', 'warengruppe', 'umsatz'
    ]) }} as raw_record
from {{ source('exports', 'bakery') }} as landed
