select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.ticket,
    landed.day as sold_on,
    landed.time as sold_at,
    landed.article,
    landed.quantity,
    landed.unit_price,
    landed.amount as line_amount,
    {{ raw_record('landed', [
        'ticket', 'day', 'time', 'article', 'quantity', 'unit_price', 'amount'
    ]) }} as raw_record
from {{ source('exports', 'deli') }} as landed
