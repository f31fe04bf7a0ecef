{%- set amounts = ['paid_in_amount', 'paid_back_amount', 'taken_amount'] -%}

with

payments as (select * from {{ ref('fct_payments') }}),

orders as (select * from {{ ref('fct_orders') }}),

branches as (select * from {{ ref('dim_branches') }}),

-- how each order was paid, as shares
shares as (

    select
        order_key,
        payment_method,
        sum(amount_exact) / sum(sum(amount_exact)) over (partition by order_key)
            as part_paid
    from payments
    where payment_type = 'sale' and amount_exact > 0
    group by order_key, payment_method

),

-- a tip that is a line of the order was paid as the order was
line_tips as (

    select
        orders.branch_id,
        orders.business_date,
        coalesce(shares.payment_method, 'unknown') as payment_method,
        orders.line_tips_exact * coalesce(shares.part_paid, 1) as tip_amount
    from orders
    left join shares on orders.order_key = shares.order_key
    where orders.line_tips_exact <> 0

),

moved as (

    select
        branch_id,
        business_date,
        payment_method,
        case when payment_type = 'sale' then 1 else 0 end as payments,
        case when payment_type = 'sale' then amount_exact else 0 end as paid_in_amount,
        paid_back_amount_exact as paid_back_amount,
        tip_amount_exact as tips_amount
    from payments

    union all

    select
        branch_id,
        business_date,
        payment_method,
        0 as payments,
        -tip_amount as paid_in_amount,
        0 as paid_back_amount,
        tip_amount as tips_amount
    from line_tips

),

days as (

    select
        branch_id,
        business_date,
        payment_method,
        cast(sum(payments) as integer) as payments,
        sum(paid_in_amount) as paid_in_amount,
        sum(paid_back_amount) as paid_back_amount,
        sum(paid_in_amount) - sum(paid_back_amount) as taken_amount,
        sum(tips_amount) as tips_amount
    from moved
    group by branch_id, business_date, payment_method

),

final as (

    select
        -- key
        {{ dbt.concat([
            "days.branch_id", "'-'", dbt.cast("days.business_date", dbt.type_string()), "'-'",
            "days.payment_method"
        ]) }} as payment_day_key,
        days.branch_id,
        days.business_date,
        days.payment_method,

        -- volume
        days.payments,

        -- money
        branches.currency,
        {%- for amount in amounts %}
        {{ money('days.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}
        {{ money('days.tips_amount', 'branches.minor_unit') }} as tips_amount,

        -- the same, not rounded
        {%- for amount in amounts %}
        cast(days.{{ amount }} as {{ exact_type() }}) as {{ amount }}_exact,
        {%- endfor %}
        cast(days.tips_amount as {{ exact_type() }}) as tips_amount_exact
    from days
    inner join branches on days.branch_id = branches.branch_id

)

select * from final
