with

branches as (select * from {{ ref('branches') }}),

regions as (select * from {{ ref('branch_regions') }}),

currencies as (select * from {{ ref('currencies') }}),

final as (

    select
        -- keys
        branches.branch_id,

        -- where and what the branch is
        branches.branch_name,
        branches.city,
        branches.country_code,
        coalesce(regions.region, branches.country_code) as region,
        branches.time_zone,
        branches.opened_on,
        branches.seats,

        -- how it trades
        branches.cutover_hour,
        branches.currency,
        currencies.minor_unit,
        branches.prices_include_tax
    from branches
    left join regions on branches.branch_id = regions.branch_id
    left join currencies on branches.currency = currencies.currency

)

select * from final
