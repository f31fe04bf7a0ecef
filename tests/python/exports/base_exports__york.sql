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
    case
        when landed.what = 'Tip' then 'tip' when landed.n like '-%' then 'return' else 'sale'
    end as line_kind,
    landed.how as payment_method,
    landed.how = 'void' as is_void,
    case when landed.what = 'Bread' then 0 else 0.08875 end as tax_rate,
    {{ raw_record('landed', [
        'no', 'day', 'clock', 'what', 'n', 'each'
    ]) }} as raw_record
from {{ source('exports', 'york') }} as landed
