select
    source.branch_id,
    source._file_name,
    source._line_number,
    source._reject,
    source._deleted_at,
    source._dlt_load_id,
    source.ticket,
    source.date as sold_on,
    source.time as sold_at,
    source.item as article,
    source.qty as quantity,
    source.price as unit_price,
    {{ raw_record('source', ['ticket', 'date', 'time', 'item', 'qty', 'price']) }} as raw_record
from {{ source('exports', 'pub') }} as source
