with

taxes as (

    select * from {{ ref('int_order_taxes_recorded') }}

),

orders as (

    select * from {{ ref('int_orders_dated') }}

),

rates as (

    select * from {{ ref('branch_tax_rates') }}

),

sold as (

    select * from {{ ref('int_order_taxes_recorded') }}
    where not is_refund and deleted_at is null

),

payments as (

    select * from {{ ref('int_payments_dated') }}
    where tax_refunded <> 0

),

shares as (

    select
        *,
        tax_amount / nullif(sum(tax_amount) over (partition by branch_id, order_id), 0)
            as tax_share
    from sold

),

-- A refund that is a payment gives back the tax on the day of the payment; at the rates of its
-- order, by what each of them took.
booked as (

    select
        taxes.order_tax_key,
        taxes.order_key,
        taxes.branch_id,
        taxes.order_id,
        taxes.tax_rate,
        taxes.is_refund,
        taxes.taxable_amount,
        taxes.tax_amount,
        orders.is_counted and taxes.deleted_at is null as is_counted,
        orders.currency,
        orders.minor_unit,
        orders.business_date,
        orders.business_date as sold_on,
        greatest(taxes.load_id, orders.load_id) as load_id
    from taxes
    inner join orders
        on taxes.branch_id = orders.branch_id and taxes.order_id = orders.order_id

    union all

    select
        {{ dbt.concat(["payments.payment_key", "'-refund-'",
            "coalesce(shares.order_tax_key, 'unknown')"]) }} as order_tax_key,
        payments.order_key,
        payments.branch_id,
        payments.order_id,
        shares.tax_rate,
        true as is_refund,
        payments.refund_amount * coalesce(shares.tax_share, 1) as taxable_amount,
        payments.tax_refunded * coalesce(shares.tax_share, 1) as tax_amount,
        payments.is_counted,
        payments.currency,
        payments.minor_unit,
        payments.business_date,
        payments.sold_on,
        payments.load_id
    from payments
    left join shares
        on payments.branch_id = shares.branch_id and payments.order_id = shares.order_id

),

final as (

    select
        -- keys
        booked.order_tax_key,
        booked.order_key,
        booked.branch_id,
        booked.order_id,

        -- which rows count
        booked.is_counted,

        -- the tax; where the till knows no rate, its branch's of that day
        coalesce(booked.tax_rate, rates.tax_rate) as tax_rate,
        booked.is_refund,
        cast(booked.taxable_amount as {{ exact_type() }}) as taxable_amount,
        cast(booked.tax_amount as {{ exact_type() }}) as tax_amount,
        booked.currency,
        booked.minor_unit,

        -- times
        booked.business_date,

        -- load
        booked.load_id
    from booked
    left join rates
        on
            booked.branch_id = rates.branch_id
            and booked.sold_on >= rates.valid_from
            and booked.sold_on < coalesce(rates.valid_to, cast('9999-12-31' as date))

)

select * from final
