with

records as (

    select * from {{ ref('int_records_counted') }}

),

final as (

    select
        -- key
        source_name,
        table_name,
        loaded_on,

        -- records
        cast(records as bigint) as records,
        cast(records_in_quarantine as bigint) as records_in_quarantine,
        cast(records_held_with_their_order as bigint) as records_held_with_their_order,
        cast(records_released as bigint) as records_released,
        cast(records_in_quarantine / nullif(records, 0) as numeric(9, 6)) as quarantine_share
    from records

)

select * from final
