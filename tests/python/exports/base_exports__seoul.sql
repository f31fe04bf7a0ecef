select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.column_1 as sold_on,
    landed.column_2 as sold_at,
    landed.column_3 as order_total,
    landed.article,
    landed.quantity,
    landed.unit_price,
    case when landed.column_1 = '합계' and landed.is_first_part then landed.column_3 end
        as line_amount,
    landed.line_part,
    'line' as order_grain,
    landed.column_1 = '합계' as is_total,
    {{ raw_record('landed', [
        'column_1', 'column_2', 'column_3', 'article', 'quantity'
    ]) }} as raw_record
from {{ lines_of_columns(source('exports', 'seoul'), {
    'column_4': ('소금빵', '3500'), 'column_5': ('단팥빵', '3500'), 'column_6': ('커피', '2500'),
}) }} as landed
