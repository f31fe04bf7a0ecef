-- Per branch and day, to the cent: the report equals the facts; no day is missing or doubled.
with booked as (
    select
        branch_id,
        business_date,
        case when is_cancelled then 0 else 1 end as orders,
        unit_count as units,
        gross_revenue,
        discount_amount,
        tax_amount,
        tips_amount,
        0 as refund_amount
    from {{ ref('fct_orders') }}
    union all
    select
        branch_id,
        business_date,
        0 as orders,
        0 as units,
        0 as gross_revenue,
        0 as discount_amount,
        0 as tax_amount,
        0 as tips_amount,
        refund_amount
    from {{ ref('fct_payments') }}
    where payment_type = 'refund'
    union all
    select
        branch_id,
        business_date,
        -orders as orders,
        -units as units,
        -gross_revenue as gross_revenue,
        -discount_amount as discount_amount,
        -tax_amount as tax_amount,
        -tips_amount as tips_amount,
        -refund_amount as refund_amount
    from {{ ref('rpt_branch_days') }}
),

-- what the facts have more than the report; less where it is below zero
differences as (
    select
        branch_id,
        business_date,
        sum(orders) as orders,
        sum(units) as units,
        sum(gross_revenue) as gross_revenue,
        sum(discount_amount) as discount_amount,
        sum(tax_amount) as tax_amount,
        sum(tips_amount) as tips_amount,
        sum(refund_amount) as refund_amount
    from booked
    group by branch_id, business_date
),

failures as (
    select * from differences
    where
        orders <> 0
        or units <> 0
        or gross_revenue <> 0
        or discount_amount <> 0
        or tax_amount <> 0
        or tips_amount <> 0
        or refund_amount <> 0
)

select * from failures
