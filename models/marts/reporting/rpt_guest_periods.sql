with branches as (
    select * from {{ ref('dim_branches') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

-- a guest is counted once in each period: by the first visit in it, so each visit knows the last one
visits as (
    select
        branch_id,
        business_date,
        lag(business_date) over (partition by customer_key order by business_date)
            as last_visit_date
    from {{ ref('fct_orders') }}
    where not is_cancelled and customer_key is not null
    group by branch_id, customer_key, business_date
),

visit_days as (
    select
        branch_id,
        business_date,
        last_visit_date,
        count(*) as guests
    from visits
    group by branch_id, business_date, last_visit_date
),

counted as (
    select
        visit_days.branch_id,
        periods.period_id,
        periods.is_previous,
        sum(visit_days.guests) as guests,
        sum(case when visit_days.last_visit_date is null then visit_days.guests else 0 end)
            as new_guests
    from visit_days
    inner join branches on visit_days.branch_id = branches.branch_id
    inner join periods
        on
            branches.currency = periods.currency
            and visit_days.business_date between periods.first_date and periods.last_date
            and (
                visit_days.last_visit_date is null
                or visit_days.last_visit_date < periods.first_date
            )
    group by visit_days.branch_id, periods.period_id, periods.is_previous
),

final as (
    select
        -- key
        branch_id,
        period_id,
        is_previous,

        -- guests, each once
        cast(new_guests as integer) as new_guests,
        cast(guests - new_guests as integer) as returning_guests
    from counted
)

select * from final
