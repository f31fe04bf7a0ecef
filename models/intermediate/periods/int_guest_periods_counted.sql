{{ config(materialized='table') }}

with branches as (select * from {{ ref('dim_branches') }}),

periods as (select * from {{ ref('int_periods_spanned') }}),

visited as (
    select
        branch_id,
        customer_key,
        business_date
    from {{ ref('fct_orders') }}
    where is_sale and customer_key is not null
    group by branch_id, customer_key, business_date
),

visits as (
    select
        branch_id,
        business_date,
        row_number() over (partition by customer_key order by business_date) as visit_number,
        lag(business_date) over (partition by customer_key order by business_date)
            as last_visit_date
    from visited
),

visit_days as (
    select
        branch_id,
        business_date,
        last_visit_date,
        visit_number = 1 as is_first,
        visit_number = 2 as is_second,
        count(*) as guests
    from visits
    group by branch_id, business_date, last_visit_date, visit_number = 1, visit_number = 2
),

-- to count a guest once per period, take the first visit in it: the previous visit is earlier
counted as (
    select
        visit_days.branch_id,
        periods.period_key,
        periods.basis,
        sum(
            case
                when visit_days.is_first or visit_days.last_visit_date < periods.first_date
                    then visit_days.guests
            end
        ) as guests,
        sum(case when visit_days.is_first then visit_days.guests end) as new_guests,
        sum(
            case
                when
                    visit_days.is_second
                    or not visit_days.is_first and visit_days.last_visit_date < periods.first_date
                    then visit_days.guests
            end
        ) as returning_guests
    from visit_days
    inner join branches on visit_days.branch_id = branches.branch_id
    inner join periods
        on
            branches.currency = periods.currency
            and visit_days.business_date between periods.first_date and periods.last_date
    where
        visit_days.is_first
        or visit_days.is_second
        or visit_days.last_visit_date < periods.first_date
    group by visit_days.branch_id, periods.period_key, periods.basis
),

final as (
    select
        -- key
        branch_id,
        period_key,
        basis,

        -- guests, each once
        cast(coalesce(guests, 0) as integer) as guests,
        cast(coalesce(new_guests, 0) as integer) as new_guests,
        cast(coalesce(returning_guests, 0) as integer) as returning_guests
    from counted
)

select * from final
