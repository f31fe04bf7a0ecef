-- A system's day figures from its canonical views, as the marts have them.
with branches as (

    select
        branch_id,
        time_zone,
        cutover_hour
    from staging.branches

),

orders as (

    select
        orders.*,
        cast(
            orders.ordered_at at time zone branches.time_zone
            - branches.cutover_hour * interval '1 hour' as date
        ) as business_date
    from staging.stg_{system}__orders as orders
    inner join branches on orders.branch_id = branches.branch_id
    where orders.deleted_at is null and orders.status = 'completed'

),

payments as (

    select
        payments.branch_id,
        payments.order_id,
        payments.payment_type,
        payments.received_amount,
        payments.tip_amount,
        cast(
            payments.paid_at at time zone branches.time_zone
            - branches.cutover_hour * interval '1 hour' as date
        ) as business_date
    from staging.stg_{system}__payments as payments
    inner join branches on payments.branch_id = branches.branch_id
    inner join orders
        on payments.branch_id = orders.branch_id and payments.order_id = orders.order_id
    where payments.deleted_at is null

),

typed as (

    select
        *,
        coalesce(payment_type = 'refund', sum(received_amount) over (
            partition by branch_id, order_id, business_date
        ) < 0) as is_refund
    from payments

),

figures as (

    select
        branch_id,
        business_date,
        case when order_kind in ('sale', 'exchange') then 1 else 0 end as orders,
        -tips_amount as taken,
        0 as paid_back,
        gross_amount - discount_amount - returned_amount as net,
        tax_amount as tax,
        tax_refunded,
        tips_amount as tips
    from orders
    union all
    select
        branch_id,
        business_date,
        0 as orders,
        received_amount as taken,
        case when is_refund then -received_amount else 0 end as paid_back,
        0 as net,
        0 as tax,
        0 as tax_refunded,
        tip_amount as tips
    from typed

)

select
    branch_id,
    business_date,
    sum(orders) as orders,
    round(round(sum(taken), 8), 2) as taken,
    round(round(sum(paid_back), 8), 2) as paid_back,
    round(round(sum(net), 8), 2) as net,
    round(round(sum(tax), 8), 2) as tax,
    round(round(sum(tax_refunded), 8), 2) as tax_refunded,
    round(round(sum(tips), 8), 2) as tips
from figures
group by branch_id, business_date
