select
    source.branch_id,
    source._file_name,
    source._line_number,
    source._reject,
    source._deleted_at,
    source._dlt_load_id,
    source.datum as sold_on,
    source.warengruppe as article,
    source.umsatz as line_amount,
    'day' as order_grain,
    {{ raw_record('source', ['datum', 'warengruppe', 'umsatz']) }} as raw_record
from {{ source('exports', 'bakery') }} as source
