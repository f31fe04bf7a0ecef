with

payments as (

    select * from {{ ref('stg_pos__payments') }}

),

export_lines as (

    select * from {{ ref('stg_exports__lines') }}

),

-- A ticket is paid at once in each of its ways; every line that gives back is a refund of its own.
-- The lines are read once: read twice, all of them were computed for every order looked up.
numbered as (

    select
        *,
        case when quantity < 0 then 'refund' else 'sale' end as payment_type,
        case
            when quantity < 0 then order_line_id
            else {{ hashed_id(dbt.concat([
                dbt.cast("order_id", dbt.type_string()), "'/'", "payment_method"
            ])) }}
        end as payment_id
    from export_lines
    where quantity <> 0

),

export_payments as (

    select
        branch_id,
        order_id,
        payment_id,
        payment_method,
        payment_type,
        max(currency) as currency,
        -- a refund that was struck off keeps its amount
        coalesce(
            sum(case when quantity < 0 or deleted_at is null then abs(quantity) * unit_price end),
            0
        ) as amount,
        max(tax_rate) as tax_rate,
        min(sold_at) as paid_at,
        case when count(deleted_at) = count(*) then max(deleted_at) end as deleted_at,
        max(load_id) as load_id
    from numbered
    group by branch_id, order_id, payment_id, payment_method, payment_type

),

final as (

    select
        payment_key,
        order_key,
        branch_id,
        payment_id,
        order_id,
        payment_method,
        payment_type,
        currency,
        amount,
        tax_amount,
        tip_amount,
        paid_at,
        deleted_at,
        load_id
    from payments

    union all

    select
        {{ surrogate_key('branch_id', 'payment_id') }} as payment_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        payment_id,
        order_id,
        payment_method,
        payment_type,
        currency,
        cast(amount as numeric(12, 2)) as amount,
        cast(amount * tax_rate / (1 + tax_rate) as numeric(12, 2)) as tax_amount,
        cast(0 as numeric(12, 2)) as tip_amount,
        paid_at,
        deleted_at,
        load_id
    from export_payments

)

select * from final
