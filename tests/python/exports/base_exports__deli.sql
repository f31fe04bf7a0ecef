select
    source.branch_id,
    source._file_name,
    source._line_number,
    source._reject,
    source._deleted_at,
    source._dlt_load_id,
    source.ticket,
    source.day as sold_on,
    source.time as sold_at,
    source.article,
    source.quantity,
    source.unit_price,
    source.amount as line_amount,
    {{ raw_record('source', ['ticket', 'day', 'time', 'article', 'quantity', 'unit_price', 'amount']) }} as raw_record
from {{ source('exports', 'deli') }} as source
