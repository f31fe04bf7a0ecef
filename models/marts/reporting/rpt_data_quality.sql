with

records as (select * from {{ ref('int_records_counted') }}),

summed as (

    select
        source_name,
        table_name,
        loaded_on,
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine,
        sum(records_held_with_their_order) as records_held_with_their_order,
        sum(records_released) as records_released
    from records
    group by source_name, table_name, loaded_on

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
    from summed

)

select * from final
