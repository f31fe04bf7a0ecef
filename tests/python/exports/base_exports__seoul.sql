select
    source.branch_id,
    source._file_name,
    source._line_number,
    source._reject,
    source._deleted_at,
    source._dlt_load_id,
    source.column_1 as sold_on,
    source.column_2 as sold_at,
    source.column_3 as order_total,
    source.article,
    source.quantity,
    source.unit_price,
    source.line_part,
    'line' as order_grain,
    {{ raw_record('source', ['column_1', 'column_2', 'column_3', 'article', 'quantity']) }} as raw_record
from {{ lines_of_columns(source('exports', 'seoul'), {
    'column_4': ('소금빵', '3500'), 'column_5': ('단팥빵', '3500'), 'column_6': ('커피', '2500'),
}) }} as source
