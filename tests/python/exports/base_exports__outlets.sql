select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.receipt as ticket,
    landed.sold_at as sold_on,
    landed.sold_at,
    landed.item as article,
    landed.qty as quantity,
    landed.price as unit_price,
    {{ raw_record('landed', [
        'outlet', 'receipt', 'sold_at', 'item', 'qty', 'price'
    ]) }} as raw_record
from {{ source('exports', 'outlets') }} as landed
