-- Staging = marts, per branch and business date of the order, over all days.
with lines as (
    select * from {{ ref('int_order_lines_recorded') }}
    where deleted_at is null
),

orders as (
    select * from {{ ref('int_orders_recorded') }}
    where deleted_at is null and status = 'completed'
),

branches as (
    select * from {{ ref('branches') }}
),

dated as (
    select
        orders.branch_id,
        orders.order_id,
        {{ business_date('orders.ordered_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date
    from orders
    inner join branches on orders.branch_id = branches.branch_id
),

staged as (
    select
        dated.branch_id,
        dated.business_date,
        count(*) as line_count,
        sum(lines.quantity) as units,
        sum(lines.gross_amount) as gross,
        sum(lines.discount_amount) as discount
    from lines
    inner join dated on lines.branch_id = dated.branch_id and lines.order_id = dated.order_id
    group by dated.branch_id, dated.business_date
),

built as (
    select
        branch_id,
        business_date,
        count(*) as line_count,
        sum(quantity) as units,
        sum(gross_revenue_exact) as gross,
        sum(discount_amount_exact) as discount
    from {{ ref('fct_order_lines') }}
    group by branch_id, business_date
),

failures as (
    select
        coalesce(staged.branch_id, built.branch_id) as branch_id,
        coalesce(staged.business_date, built.business_date) as business_date,
        staged.line_count as lines_in_staging,
        built.line_count as lines_in_marts,
        staged.units as units_in_staging,
        built.units as units_in_marts,
        staged.gross as gross_in_staging,
        built.gross as gross_in_marts,
        staged.discount as discount_in_staging,
        built.discount as discount_in_marts
    from staged
    full join built
        on staged.branch_id = built.branch_id and staged.business_date = built.business_date
    where
        staged.branch_id is null
        or built.branch_id is null
        or staged.line_count <> built.line_count
        or staged.units <> built.units
        or staged.gross <> built.gross
        or staged.discount <> built.discount
)

select * from failures
