{#- A payment says how much was given back without tax, and how much tax: not at which rates. Where
    one rate of its order explains both, it is that one. Otherwise the two amounts decide how much is
    of each rate: with two rates exactly, with more of them as near to the order as it can be. -#}
with

payments as (

    select
        *,
        -- a difference up to this is rounding
        power(10.0, -coalesce(minor_unit, 2)) as least_amount
    from {{ ref('int_payments_dated') }}
    where refund_amount <> 0 or tax_refunded <> 0

),

rates as (

    select
        *,
        tax_amount / nullif(taxable_amount, 0) as charged_rate,
        sum(taxable_amount) over orders as order_taxable_amount,
        sum(tax_amount) over orders as order_tax_amount,
        sum(tax_amount * tax_amount / nullif(taxable_amount, 0)) over orders as tax_of_tax
    from {{ ref('int_order_taxes_recorded') }}
    where not is_refund and deleted_at is null
    window orders as (partition by branch_id, order_id)

),

-- each refund by each rate: as the whole order's would be, and how far it is from that
shared as (

    select
        payments.*,
        rates.order_tax_key,
        rates.tax_rate,
        rates.charged_rate,
        rates.taxable_amount as sold_amount,
        rates.taxable_amount / nullif(rates.order_taxable_amount, 0) as base_share,
        rates.tax_amount / nullif(rates.order_tax_amount, 0) as tax_share,
        rates.order_tax_amount / nullif(rates.order_taxable_amount, 0) as mean_rate,
        rates.tax_of_tax - rates.order_tax_amount * rates.order_tax_amount
        / nullif(rates.order_taxable_amount, 0) as spread,
        abs(payments.tax_refunded - payments.refund_amount * rates.charged_rate) as distance
    from payments
    left join rates
        on payments.branch_id = rates.branch_id and payments.order_id = rates.order_id

),

weighed as (

    select
        *,
        coalesce(
            distance <= least_amount and refund_amount <= sold_amount + least_amount, false
        ) as is_explained,
        refund_amount * coalesce(base_share, 1) + case
            when spread > 0.000001
                then
                    sold_amount * (charged_rate - mean_rate)
                    * (tax_refunded - refund_amount * mean_rate) / spread
        end as solved_amount
    from shared

),

ranked as (

    select
        *,
        max(case when is_explained then 1 else 0 end) over refunds as has_one_rate,
        row_number() over (
            partition by branch_id, order_id, payment_key
            order by case when is_explained then 0 else 1 end, distance, order_tax_key
        ) as rate_rank,
        min(case
            when
                solved_amount between least(0, sold_amount) - least_amount
                and greatest(0, sold_amount) + least_amount
                then 1
            else 0
        end) over refunds as is_solved
    from weighed
    -- by its order, too: so an order that is looked up is found below the window
    window refunds as (partition by branch_id, order_id, payment_key)

),

final as (

    select
        -- keys
        {{ dbt.concat(["payment_key", "'-refund-'", "coalesce(order_tax_key, 'unknown')"]) }}
            as order_tax_key,
        payment_key,
        order_key,
        branch_id,
        order_id,

        -- which rows count
        is_counted,

        -- what is given back at the rate
        tax_rate,
        -- what was sold at no rate, and without tax, is given back at none
        order_tax_key is not null or tax_refunded <> 0 as is_taxed,
        cast(case
            when has_one_rate = 1 then refund_amount
            when is_solved = 1 then solved_amount
            else refund_amount * coalesce(base_share, 1)
        end as {{ exact_type() }}) as taxable_amount,
        cast(case
            when has_one_rate = 1 then tax_refunded
            when is_solved = 1 then solved_amount * charged_rate
            else tax_refunded * coalesce(tax_share, base_share, 1)
        end as {{ exact_type() }}) as tax_amount,
        currency,
        minor_unit,

        -- times
        business_date,
        sold_on,

        -- load
        load_id
    from ranked
    where has_one_rate = 0 or rate_rank = 1

)

select * from final
