-- Per branch and month: the report has the units, revenue and discounts of the lines that sold a
-- product; each product's amounts are rounded once. Of some products nobody knows the units.
with booked as (
    select
        branch_id,
        cast({{ dbt.date_trunc('month', 'business_date') }} as date) as month_start,
        quantity as units,
        gross_revenue_exact as gross_revenue,
        discount_amount_exact as discount_amount,
        0 as products
    from {{ ref('fct_order_lines') }}
    where product_version_key is not null and line_kind <> 'return'
    union all
    select
        branch_id,
        month_start,
        -units as units,
        -gross_revenue as gross_revenue,
        -discount_amount as discount_amount,
        1 as products
    from {{ ref('rpt_product_months') }}
),

differences as (
    select
        branch_id,
        month_start,
        sum(units) as units,
        sum(gross_revenue) as gross_revenue,
        sum(discount_amount) as discount_amount,
        sum(products) as products,
        count(*) - count(units) as unknown_units
    from booked
    group by branch_id, month_start
),

failures as (
    select * from differences
    where
        (units <> 0 and unknown_units = 0)
        or abs(gross_revenue) > products * 0.005
        or abs(discount_amount) > products * 0.005
)

select * from failures
