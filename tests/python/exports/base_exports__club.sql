{{ config(schema='restricted') }}

select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.bon as ticket,
    landed.day as sold_on,
    landed.time as sold_at,
    landed.item as article,
    landed.qty as quantity,
    landed.price as unit_price,
    landed.member as customer_id,
    landed.who as customer_name,
    landed.mail as customer_email,
    landed.phone as customer_phone,
    {{ raw_record('landed', [
        'bon', 'day', 'time', 'item', 'qty', 'price', 'member'
    ]) }} as raw_record
from {{ source('exports', 'club') }} as landed
