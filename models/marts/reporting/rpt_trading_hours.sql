with branches as (select * from {{ ref('dim_branches') }}),

dates as (select * from {{ ref('dim_dates') }}),

hour_sales as (select * from {{ ref('rpt_branch_hours') }}),

trading_days as (
    select distinct
        branch_id,
        business_date
    from hour_sales
),

trading_hours as (
    select distinct
        branch_id,
        local_hour
    from hour_sales
),

-- an hour without an order is an hour with zero orders: it counts in average and spread
day_hours as (
    select
        trading_days.branch_id,
        trading_days.business_date,
        trading_hours.local_hour,
        coalesce(hour_sales.orders, 0) as orders,
        coalesce(hour_sales.revenue_before_refunds_exact, 0) as revenue_before_refunds
    from trading_days
    inner join trading_hours on trading_days.branch_id = trading_hours.branch_id
    left join hour_sales
        on
            trading_days.branch_id = hour_sales.branch_id
            and trading_days.business_date = hour_sales.business_date
            and trading_hours.local_hour = hour_sales.local_hour
),

weekday_hours as (
    select
        day_hours.branch_id,
        dates.iso_day_of_week,
        day_hours.local_hour,
        count(*) as trading_days,
        sum(day_hours.orders) as orders,
        avg(day_hours.orders) as average_orders,
        stddev_samp(day_hours.orders) as orders_spread,
        sum(day_hours.revenue_before_refunds) as revenue_before_refunds,
        avg(day_hours.revenue_before_refunds) as average_revenue_before_refunds,
        stddev_samp(day_hours.revenue_before_refunds) as revenue_before_refunds_spread
    from day_hours
    inner join dates on day_hours.business_date = dates.date_day
    group by day_hours.branch_id, dates.iso_day_of_week, day_hours.local_hour
),

final as (
    select
        -- key
        weekday_hours.branch_id,
        weekday_hours.iso_day_of_week,
        weekday_hours.local_hour,

        -- order of the hours: how many hours after the day's cut-over
        cast(
            mod(weekday_hours.local_hour - branches.cutover_hour + 24, 24) as integer
        ) as hours_after_cutover,

        -- volume
        cast(weekday_hours.trading_days as integer) as trading_days,
        cast(weekday_hours.orders as integer) as orders,
        cast(weekday_hours.average_orders as numeric(12, 2)) as average_orders,
        cast(weekday_hours.orders_spread as numeric(12, 2)) as orders_spread,

        -- money
        branches.currency,
        {{ money('weekday_hours.revenue_before_refunds', 'branches.minor_unit') }}
            as revenue_before_refunds,
        {{ money('weekday_hours.average_revenue_before_refunds', 'branches.minor_unit') }}
            as average_revenue_before_refunds,
        {{ money('weekday_hours.revenue_before_refunds_spread', 'branches.minor_unit') }}
            as revenue_before_refunds_spread
    from weekday_hours
    inner join branches on weekday_hours.branch_id = branches.branch_id
)

select * from final
