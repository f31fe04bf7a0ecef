with

branches as (

    select * from {{ ref('branches') }}

),

final as (

    select
        -- keys
        branch_id,

        -- where and what the branch is
        branch_name,
        city,
        country_code,
        time_zone,
        opened_on,
        seats,

        -- how it trades
        cutover_hour,
        currency,
        prices_include_tax
    from branches

)

select * from final
