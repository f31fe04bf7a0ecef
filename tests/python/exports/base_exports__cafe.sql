select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.receipt as ticket,
    landed.date as sold_on,
    landed.time as sold_at,
    landed.article,
    landed.qty as quantity,
    landed.price as unit_price,
    landed.amount as line_amount,
    lower(landed.tender) as payment_method,
    landed.receipt = 'Total' as is_total,
    {{ raw_record('landed', [
        'receipt', 'date', 'time', 'article', 'qty', 'price', 'amount'
    ]) }} as raw_record
from {{ source('exports', 'cafe') }} as landed
