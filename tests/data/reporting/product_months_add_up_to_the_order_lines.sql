-- Per branch and month, to the cent: the report has the lines' units, revenue and discounts.
with booked as (
    select
        branch_id,
        cast({{ dbt.date_trunc('month', 'business_date') }} as date) as month_start,
        quantity as units,
        gross_revenue,
        discount_amount
    from {{ ref('fct_order_lines') }}
    union all
    select
        branch_id,
        month_start,
        -units as units,
        -gross_revenue as gross_revenue,
        -discount_amount as discount_amount
    from {{ ref('rpt_product_months') }}
),

differences as (
    select
        branch_id,
        month_start,
        sum(units) as units,
        sum(gross_revenue) as gross_revenue,
        sum(discount_amount) as discount_amount
    from booked
    group by branch_id, month_start
),

failures as (
    select * from differences
    where units <> 0 or gross_revenue <> 0 or discount_amount <> 0
)

select * from failures
