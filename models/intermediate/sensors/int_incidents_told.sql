with

told as (

    select * from {{ ref('stg_audit__told') }}

),

final as (

    select
        incident_key,
        told_at
    from told

)

select * from final
