with

told as (select * from {{ ref('stg_audit__told') }}),

final as (

    select
        incident_key,
        device_id,
        incident_kind,
        began_at,
        told_at
    from told

)

select * from final
