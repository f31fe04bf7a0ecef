-- Staging = marts, per branch and business date, over all days: also those that nothing touched.
with orders as (
    select * from {{ ref('int_orders_recorded') }}
    where deleted_at is null and status <> 'draft'
),

branches as (
    select * from {{ ref('branches') }}
),

dated as (
    select
        orders.branch_id,
        {{ business_date('orders.ordered_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        case when orders.status = 'cancelled' then 1 else 0 end as cancelled,
        case when orders.status = 'cancelled' then 0 else orders.gross_amount end as gross,
        case when orders.status = 'cancelled' then 0 else orders.discount_amount end as discount,
        case when orders.status = 'cancelled' then 0 else orders.tax_amount end as tax
    from orders
    inner join branches on orders.branch_id = branches.branch_id
),

staged as (
    select
        branch_id,
        business_date,
        count(*) as orders,
        sum(cancelled) as cancelled,
        sum(gross) as gross,
        sum(discount) as discount,
        sum(tax) as tax
    from dated
    group by branch_id, business_date
),

built as (
    select
        branch_id,
        business_date,
        count(*) as orders,
        sum(case when is_cancelled then 1 else 0 end) as cancelled,
        sum(gross_revenue_exact) as gross,
        sum(discount_amount_exact) as discount,
        sum(tax_amount_exact) as tax
    from {{ ref('fct_orders') }}
    group by branch_id, business_date
),

failures as (
    select
        coalesce(staged.branch_id, built.branch_id) as branch_id,
        coalesce(staged.business_date, built.business_date) as business_date,
        staged.orders as orders_in_staging,
        built.orders as orders_in_marts,
        staged.cancelled as cancelled_in_staging,
        built.cancelled as cancelled_in_marts,
        staged.gross as gross_in_staging,
        built.gross as gross_in_marts,
        staged.discount as discount_in_staging,
        built.discount as discount_in_marts,
        staged.tax as tax_in_staging,
        built.tax as tax_in_marts
    from staged
    full join built
        on staged.branch_id = built.branch_id and staged.business_date = built.business_date
    where
        staged.branch_id is null
        or built.branch_id is null
        or staged.orders <> built.orders
        or staged.cancelled <> built.cancelled
        or staged.gross <> built.gross
        or staged.discount <> built.discount
        or staged.tax <> built.tax
)

select * from failures
