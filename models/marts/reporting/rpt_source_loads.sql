with

loads as (select * from {{ ref('int_sources_loaded') }}),

final as (

    select
        -- key
        source_name,
        feed_name,

        -- whose it is
        branch_id,

        -- loads that came in
        cast(loads as integer) as loads,
        cast(records as bigint) as records,
        last_loaded_at
    from loads

)

select * from final
