-- Export = marts, per branch, to the cent: what was sold, and what was paid back.
with lines as (
    select
        branch_id,
        sum(case when quantity > 0 then quantity * unit_price else 0 end) as sold,
        sum(case when quantity < 0 then -quantity * unit_price else 0 end) as paid_back
    from {{ ref('stg_exports__lines') }}
    where deleted_at is null
    group by branch_id
),

orders as (
    select
        branch_id,
        sum(gross_revenue) as sold
    from {{ ref('fct_orders') }}
    group by branch_id
),

refunds as (
    select
        branch_id,
        sum(amount) as paid_back
    from {{ ref('fct_payments') }}
    where payment_type = 'refund'
    group by branch_id
),

failures as (
    select
        lines.branch_id,
        lines.sold,
        orders.sold as sold_in_marts,
        lines.paid_back,
        refunds.paid_back as paid_back_in_marts
    from lines
    left join orders on lines.branch_id = orders.branch_id
    left join refunds on lines.branch_id = refunds.branch_id
    where
        lines.sold <> coalesce(orders.sold, 0)
        or lines.paid_back <> coalesce(refunds.paid_back, 0)
)

select * from failures
