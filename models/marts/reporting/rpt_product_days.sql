{%- set amounts = ['gross_revenue', 'discount_amount', 'product_refunds'] -%}

with

branches as (select * from {{ ref('dim_branches') }}),

products as (select * from {{ ref('dim_products') }}),

orders as (select * from {{ ref('fct_orders') }}),

-- a discount of a whole receipt, a tip or a charge names no product
order_lines as (

    select
        *,
        line_kind = 'return' as is_return
    from {{ ref('fct_order_lines') }}
    where product_key is not null

),

-- tax is part of a line only if prices include it; it is distributed by the lines' price
included_tax as (

    select
        order_key,
        tax_amount_exact / nullif(gross_revenue_exact - discount_amount_exact, 0) as tax_share
    from orders
    where prices_include_tax

),

priced as (

    select
        order_lines.*,
        order_lines.gross_revenue_exact - order_lines.discount_amount_exact as line_amount,
        case
            when included_tax.order_key is null then 0
            when order_lines.is_return then coalesce(order_lines.tax_amount_exact, 0)
            else
                (order_lines.gross_revenue_exact - order_lines.discount_amount_exact)
                * coalesce(included_tax.tax_share, 0)
        end as line_tax
    from order_lines
    left join included_tax on order_lines.order_key = included_tax.order_key

),

product_days as (

    select
        branch_id,
        business_date,
        product_key,
        currency,
        -- nobody knows how many units a line with money and no quantity has
        case
            when
                coalesce(max(
                    case when not is_return and quantity = 0 then abs(gross_revenue_exact) end
                ), 0) = 0
                then sum(case when not is_return then quantity else 0 end)
        end as units,
        -- a discount of what is given back is no unit
        sum(case when is_return and gross_revenue_exact <= 0 then -quantity else 0 end)
            as returned_units,
        sum(case when not is_return then gross_revenue_exact else 0 end) as gross_revenue,
        sum(case when not is_return then discount_amount_exact else 0 end) as discount_amount,
        sum(case when is_return then line_tax - line_amount else 0 end) as product_refunds,
        sum(line_amount - line_tax) as product_revenue,
        -- if one line's cost is unknown, the sum would not be comparable with the revenue
        case
            when
                count(case when not is_return then 1 end)
                = count(case when not is_return then till_cost_exact end)
                then coalesce(sum(case when not is_return then till_cost_exact end), 0)
        end as till_cost
    from priced
    group by branch_id, business_date, product_key, currency

),

final as (

    select
        -- key
        product_days.branch_id,
        product_days.business_date,
        products.product_id,
        product_days.product_key,
        products.chain_product_id,

        -- volume
        cast(product_days.units as numeric(14, 3)) as units,
        cast(product_days.returned_units as numeric(14, 3)) as returned_units,

        -- money
        product_days.currency,
        {%- for amount in amounts + ['till_cost'] %}
        {{ money('product_days.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}

        -- the same, not rounded
        {%- for amount in amounts + ['till_cost'] %}
        cast(product_days.{{ amount }} as {{ exact_type() }}) as {{ amount }}_exact,
        {%- endfor %}
        cast(product_days.product_revenue as numeric(18, 6)) as product_revenue
    from product_days
    inner join products on product_days.product_key = products.product_key
    inner join branches on product_days.branch_id = branches.branch_id

)

select * from final
