with

heads as (

    select
        bon,
        max(case when _deleted_at is null then closed end) as closed,
        max(case when _deleted_at is null then way end) as way,
        max(_dlt_load_id) as load_id
    from {{ source('exports', 'bon_heads') }}
    group by bon

)

select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    greatest(landed._dlt_load_id, heads.load_id) as _dlt_load_id,
    landed.bon as ticket,
    heads.closed as sold_on,
    heads.closed as sold_at,
    landed.item as article,
    landed.n as quantity,
    landed.each as unit_price,
    lower(heads.way) as payment_method,
    {{ raw_record('landed', [
        'bon', 'item', 'n', 'each'
    ]) }} as raw_record
from {{ source('exports', 'bons') }} as landed
left join heads on landed.bon = heads.bon
