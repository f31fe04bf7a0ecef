select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.ticket,
    landed.date as sold_on,
    landed.time as sold_at,
    landed.item as article,
    landed.qty as quantity,
    landed.price as unit_price,
    {{ raw_record('landed', [
        'ticket', 'date', 'time', 'item', 'qty', 'price'
    ]) }} as raw_record
from {{ source('exports', 'pub') }} as landed
