with

told as (

    select * from {{ ref('stg_audit__told') }}

)

select
    incident_key,
    told_at
from told
