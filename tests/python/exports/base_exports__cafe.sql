select
    source.branch_id,
    source._file_name,
    source._line_number,
    source._reject,
    source._deleted_at,
    source._dlt_load_id,
    source.receipt as ticket,
    source.date as sold_on,
    source.time as sold_at,
    source.article,
    source.qty as quantity,
    source.price as unit_price,
    source.amount as line_amount,
    lower(source.tender) as payment_method,
    source.receipt = 'Total' as is_total,
    {{ raw_record('source', ['receipt', 'date', 'time', 'article', 'qty', 'price', 'amount']) }} as raw_record
from {{ source('exports', 'cafe') }} as source
