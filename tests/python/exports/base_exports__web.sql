select
    source.branch_id,
    source._file_name,
    source._line_number,
    source._reject,
    source._deleted_at,
    source._dlt_load_id,
    {{ landed_json('source.receipt', 'no') }} as ticket,
    {{ landed_json('source.receipt', 'closed') }} as sold_on,
    {{ landed_json('source.receipt', 'closed') }} as sold_at,
    {{ json_text('line.element', 'sku') }} as article,
    {{ json_text('line.element', 'name') }} as product_name,
    {{ json_text('line.element', 'qty') }} as quantity,
    {{ json_text('line.element', 'gross') }} as line_amount,
    lower({{ json_text('tender.element', 'kind') }}) as payment_method,
    source.returns as returned_ticket,
    cast(line.position as integer) as line_part,
    {{ raw_record('source', ['receipt', 'lines', 'tenders', 'returns']) }} as raw_record
from {{ source('exports', 'web') }} as source
left join lateral {{ json_list('source.lines', 'line') }} on true
left join lateral {{ json_list('source.tenders', 'tender') }} on tender.position = 1
