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

refunds as (

    select * from {{ ref('int_refunds_taxed') }}

),

-- a refund that is a payment gives back the tax on the day of the payment
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
        order_tax_key,
        order_key,
        branch_id,
        order_id,
        tax_rate,
        true as is_refund,
        taxable_amount,
        tax_amount,
        is_counted,
        currency,
        minor_unit,
        business_date,
        sold_on,
        load_id
    from refunds

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
