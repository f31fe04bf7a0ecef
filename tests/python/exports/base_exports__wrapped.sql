select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.no as ticket,
    landed.day as sold_on,
    landed.clock as sold_at,
    landed.what as article,
    landed.n as quantity,
    landed.each as unit_price,
    {{ raw_record('landed', [
        'no', 'day', 'clock', 'what', 'n', 'each'
    ]) }} as raw_record
from {{ source('exports', 'wrapped') }} as landed
