select
    source.branch_id,
    source._file_name,
    source._line_number,
    source._reject,
    source._deleted_at,
    source._dlt_load_id,
    source.no as ticket,
    source.day as sold_on,
    source.clock as sold_at,
    source.what as article,
    source.n as quantity,
    source.each as unit_price,
    {{ raw_record('source', ['no', 'day', 'clock', 'what', 'n', 'each']) }} as raw_record
from {{ source('exports', 'tea') }} as source
