-- Every guest whom a line of an export names is known, once.
with

lines as (
    select distinct
        branch_id,
        customer_id
    from {{ ref('stg_exports__lines') }}
    where customer_id is not null and deleted_at is null
),

customers as (
    select
        branch_id,
        customer_id,
        count(*) as times
    from {{ ref('stg_exports__customers') }}
    group by branch_id, customer_id
),

final as (
    select
        lines.branch_id,
        lines.customer_id
    from lines
    left join customers
        on lines.branch_id = customers.branch_id and lines.customer_id = customers.customer_id
    where coalesce(customers.times, 0) <> 1
)

select * from final
