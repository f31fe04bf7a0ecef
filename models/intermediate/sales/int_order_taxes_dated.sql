{#- What is read twice is no CTE: an order that is looked up is found by its index. -#}
with

summed as (

    select
        branch_id,
        order_id,
        is_refund,
        sum(taxable_amount) as taxable_amount
    from {{ ref('int_order_taxes_recorded') }}
    where deleted_at is null
    group by branch_id, order_id, is_refund

),

-- what an order sells or gives back by its lines, and what of it no tax of the till is of
untaxed as (

    select
        orders.*,
        sides.is_refund,
        case
            when sides.is_refund then orders.refund_amount
            else {{ revenue_before_refunds(
                'orders.gross_amount', 'orders.discount_amount', 'orders.tax_amount',
                'orders.prices_include_tax'
            ) }}
        end - coalesce(summed.taxable_amount, 0) as untaxed_amount
    from {{ ref('int_orders_dated') }} as orders
    cross join (values (false), (true)) as sides (is_refund)
    left join summed
        on
            orders.branch_id = summed.branch_id
            and orders.order_id = summed.order_id
            and sides.is_refund = summed.is_refund
    where orders.is_counted

),

-- a refund that is a payment gives back the tax on the day of the payment
booked as (

    select
        taxes.order_tax_key,
        taxes.order_key,
        taxes.branch_id,
        taxes.order_id,
        taxes.tax_rate,
        true as is_taxed,
        taxes.is_refund,
        taxes.taxable_amount,
        taxes.tax_amount,
        orders.is_counted and taxes.deleted_at is null as is_counted,
        orders.currency,
        orders.minor_unit,
        orders.business_date,
        orders.business_date as sold_on,
        greatest(taxes.load_id, orders.load_id) as load_id
    from {{ ref('int_order_taxes_recorded') }} as taxes
    inner join {{ ref('int_orders_dated') }} as orders
        on taxes.branch_id = orders.branch_id and taxes.order_id = orders.order_id

    union all

    select
        order_tax_key,
        order_key,
        branch_id,
        order_id,
        tax_rate,
        is_taxed,
        true as is_refund,
        taxable_amount,
        tax_amount,
        is_counted,
        currency,
        minor_unit,
        business_date,
        sold_on,
        load_id
    from {{ ref('int_refunds_taxed') }}

    union all

    select
        {{ dbt.concat([
            "order_key", "case when is_refund then '-untaxed-refund' else '-untaxed' end"
        ]) }} as order_tax_key,
        order_key,
        branch_id,
        order_id,
        cast(null as numeric(9, 6)) as tax_rate,
        false as is_taxed,
        is_refund,
        untaxed_amount as taxable_amount,
        0 as tax_amount,
        is_counted,
        currency,
        minor_unit,
        business_date,
        business_date as sold_on,
        load_id
    from untaxed
    -- what is less is rounding
    where abs(untaxed_amount) >= power(10.0, -coalesce(minor_unit, 2))

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

        -- the tax; where the till knows no rate, its branch's of that day: of what is taxed at all
        cast(
            case when booked.is_taxed then coalesce(booked.tax_rate, rates.tax_rate) end
            as numeric(9, 6)
        ) as tax_rate,
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
    left join {{ ref('branch_tax_rates') }} as rates
        on
            booked.branch_id = rates.branch_id
            and booked.sold_on >= rates.valid_from
            and booked.sold_on < coalesce(rates.valid_to, cast('9999-12-31' as date))

)

select * from final
