with

lines as (

    select * from {{ ref('stg_exports__lines') }}
    where quantity <> 0 or order_grain = 'day'

),

-- A ticket is paid at once in each of its ways; every line that gives back is a refund of its own.
-- The lines are read once: read twice, all of them were computed for every order looked up.
numbered as (

    select
        *,
        case when line_kind = 'return' then 'refund' else 'sale' end as payment_type,
        -- a refund that was struck off keeps its amount
        line_kind = 'return' or deleted_at is null as counts,
        case
            when line_kind = 'return' then order_line_id
            else
                cast(
                    {{ hashed_id(dbt.concat(["order_id", "'/'", "payment_method"])) }}
                    as {{ dbt.type_string() }}
                )
        end as payment_id
    from lines

),

ticket_payments as (

    select
        branch_id,
        order_id,
        payment_id,
        payment_method,
        payment_type,
        max(currency) as currency,
        coalesce(
            sum(case when counts then charged_amount end), 0
        ) + coalesce(
            sum(case when counts and not prices_include_tax then tax_amount end), 0
        ) as received_amount,
        -- a refund without a rate gives back no tax
        coalesce(
            sum(case when counts then tax_amount end), case payment_type when 'refund' then 0 end
        ) as tax_amount,
        min(sold_at) as paid_at,
        case when count(deleted_at) = count(*) then max(deleted_at) end as deleted_at,
        max(load_id) as load_id
    from numbered
    group by branch_id, order_id, payment_id, payment_method, payment_type

),

final as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'payment_id') }} as payment_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        payment_id,
        order_id,

        -- what the payment is
        payment_method as method,
        payment_type,
        currency,

        -- money
        cast(received_amount as {{ exact_type() }}) as received_amount,
        cast(tax_amount as {{ exact_type() }}) as tax_amount,
        cast(0 as {{ exact_type() }}) as tip_amount,

        -- times
        paid_at,
        deleted_at,

        -- load
        load_id
    from ticket_payments

)

select * from final
