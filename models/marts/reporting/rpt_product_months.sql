with branches as (select * from {{ ref('dim_branches') }}),

dates as (select * from {{ ref('dim_dates') }}),

items as (select * from {{ ref('dim_products') }}),

product_days as (select * from {{ ref('rpt_product_days') }}),

product_months as (
    select
        product_days.branch_id,
        dates.month_start,
        product_days.product_id,
        case when count(*) = count(product_days.units) then sum(product_days.units) end as units,
        sum(product_days.returned_units) as returned_units,
        sum(product_days.gross_revenue_exact) as gross_revenue,
        sum(product_days.discount_amount_exact) as discount_amount,
        sum(product_days.product_refunds_exact) as product_refunds,
        sum(product_days.product_revenue) as product_revenue,
        -- if one day's cost is unknown, the sum would not be comparable with the revenue
        case
            when count(*) = count(product_days.till_cost_exact)
                then sum(product_days.till_cost_exact)
        end as till_cost
    from product_days
    inner join dates on product_days.business_date = dates.date_day
    group by product_days.branch_id, dates.month_start, product_days.product_id
),

compared as (
    select
        *,
        product_revenue - till_cost as till_margin,
        (product_revenue - till_cost) / nullif(units, 0) as unit_margin,
        row_number() over (
            partition by branch_id, month_start
            -- by length first: ids that are numbers keep their order
            order by product_revenue desc, units desc, length(product_id) asc, product_id asc
        ) as revenue_rank,
        count(units) over (partition by branch_id, month_start) as products_sold,
        sum(units) over (partition by branch_id, month_start) as menu_units,
        sum(product_revenue) over (partition by branch_id, month_start) as menu_product_revenue,
        sum(product_revenue - till_cost) over (partition by branch_id, month_start)
        / nullif(
            sum(case when till_cost is not null then units end)
                over (partition by branch_id, month_start), 0
        ) as menu_unit_margin
    from product_months
),

judged as (
    select
        *,
        units * products_sold >= 0.7 * menu_units as is_popular,
        unit_margin >= menu_unit_margin as is_profitable
    from compared
),

final as (
    select
        -- key
        judged.branch_id,
        judged.month_start,
        judged.product_id,
        items.product_key,
        items.chain_product_id,

        -- product, as its newest version has it
        items.product_name,
        items.category,
        items.size,

        -- volume
        cast(judged.units as numeric(14, 3)) as units,
        cast(judged.returned_units as numeric(14, 3)) as returned_units,
        cast(
            case when judged.units = 0 then 0 else judged.units / nullif(judged.menu_units, 0) end
            as numeric(9, 6)
        ) as units_share,

        -- money
        items.currency,
        {%- for amount in ['gross_revenue', 'discount_amount', 'product_refunds', 'product_revenue',
            'till_cost', 'till_margin', 'unit_margin'] %}
        {{ money('judged.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}

        -- place on the menu
        cast(judged.revenue_rank as integer) as revenue_rank,
        cast(
            judged.product_revenue / nullif(judged.menu_product_revenue, 0) as numeric(9, 6)
        ) as revenue_share,
        case
            when judged.is_popular and judged.is_profitable then 'star'
            when judged.is_popular and not judged.is_profitable then 'plough-horse'
            when not judged.is_popular and judged.is_profitable then 'puzzle'
            when not judged.is_popular and not judged.is_profitable then 'dog'
        end as menu_class
    from judged
    inner join branches on judged.branch_id = branches.branch_id
    inner join items
        on judged.branch_id = items.branch_id and judged.product_id = items.product_id
)

select * from final
