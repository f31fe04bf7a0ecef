select
    source.branch_id,
    source._file_name,
    source._line_number,
    source._reject,
    source._deleted_at,
    source._dlt_load_id,
    source.receipt as ticket,
    source.sold_at as sold_on,
    source.sold_at,
    source.item as article,
    source.qty as quantity,
    source.price as unit_price,
    {{ raw_record('source', ['outlet', 'receipt', 'sold_at', 'item', 'qty', 'price']) }} as raw_record
from {{ source('exports', 'outlets') }} as source
