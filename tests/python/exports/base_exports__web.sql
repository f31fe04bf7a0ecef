-- the linter does not know the names that a lateral function has
-- noqa: disable=RF01
select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    {{ landed_json('landed.receipt', 'no') }} as ticket,
    {{ landed_json('landed.receipt', 'closed') }} as sold_on,
    {{ landed_json('landed.receipt', 'closed') }} as sold_at,
    {{ json_text('line.element', 'sku') }} as article,
    {{ json_text('line.element', 'name') }} as product_name,
    {{ json_text('line.element', 'qty') }} as quantity,
    {{ json_text('line.element', 'gross') }} as line_amount,
    lower({{ json_text('tender.element', 'kind') }}) as payment_method,
    landed.returns as returned_ticket,
    cast(line.position as integer) as line_part,
    {{ raw_record('landed', [
        'receipt', 'lines', 'tenders', 'returns'
    ]) }} as raw_record
from {{ source('exports', 'web') }} as landed
left join lateral {{ json_list('landed.lines', 'line') }} on true
left join lateral {{ json_list('landed.tenders', 'tender') }} on tender.position = 1
