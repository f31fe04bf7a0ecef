with

periods as (select * from {{ ref('rpt_branch_periods') }}),

dates as (select * from {{ ref('dim_dates') }}),

branches as (select * from {{ ref('dim_branches') }}),

branch_hours as (select * from {{ ref('rpt_branch_hours') }}),

final as (

    select
        -- keys
        periods.branch_period_key,
        branch_hours.branch_id,
        periods.period_key,
        periods.period_id,
        dates.iso_day_of_week,
        branch_hours.local_hour,

        -- volume
        cast(sum(branch_hours.orders) as integer) as orders,

        -- money
        branch_hours.currency,
        {{ money('sum(branch_hours.revenue_before_refunds_exact)', 'branches.minor_unit') }}
            as revenue_before_refunds
    from branch_hours
    inner join branches on branch_hours.branch_id = branches.branch_id
    inner join dates on branch_hours.business_date = dates.date_day
    inner join periods
        on
            branch_hours.branch_id = periods.branch_id
            and branch_hours.business_date between periods.first_date and periods.last_date
    group by
        branch_hours.branch_id, periods.branch_period_key, periods.period_key, periods.period_id,
        dates.iso_day_of_week, branch_hours.local_hour, branch_hours.currency, branches.minor_unit

)

select * from final
