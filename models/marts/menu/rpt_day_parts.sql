{%- set counts = ['orders', 'known_guest_orders', 'single_item_orders', 'order_complaints'] %}
{%- set amounts = ['revenue_before_refunds', 'order_cost', 'order_costed_revenue',
    'complaint_compensation', 'complaint_refunds'] %}

with

orders as (

    select * from {{ ref('fct_orders') }}
    where is_sale

),

hours as (select * from {{ ref('dim_hours') }}),

branches as (select * from {{ ref('dim_branches') }}),

days as (select * from {{ ref('rpt_branch_days') }}),

-- if one line's cost is unknown, the sum would not be comparable with the revenue
order_costs as (

    select
        order_key,
        case when count(*) = count(till_cost_exact) then sum(till_cost_exact) end as order_cost
    from {{ ref('fct_order_lines') }}
    where line_kind = 'sale'
    group by order_key

),

order_complaints as (

    select
        order_key,
        count(*) as complaints,
        sum(compensation_amount) as compensation_amount
    from {{ ref('fct_support_tickets') }}
    where is_complaint and order_key is not null
    group by order_key

),

measured as (

    select
        orders.branch_id,
        orders.business_date,
        coalesce(hours.day_part, 'unknown') as day_part,
        coalesce(orders.channel, 'unknown') as channel,
        orders.currency,
        orders.unit_count,
        1 as orders,
        -- before the first known guest and the first ticket of a branch nobody knows
        case
            when days.new_guests is not null
                then case when orders.customer_key is null then 0 else 1 end
        end as known_guest_orders,
        case when orders.unit_count = 1 then 1 else 0 end as single_item_orders,
        case when days.complaints is not null then coalesce(complained.complaints, 0) end
            as order_complaints,
        orders.revenue_before_refunds_exact as revenue_before_refunds,
        order_costs.order_cost,
        case when order_costs.order_cost is not null then orders.revenue_before_refunds_exact end
            as order_costed_revenue,
        case when days.complaints is not null then coalesce(complained.compensation_amount, 0) end
            as complaint_compensation,
        case
            when complained.order_key is not null then orders.order_refunds_exact
            when days.complaints is not null then 0
        end as complaint_refunds
    from orders
    left join days
        on orders.branch_id = days.branch_id and orders.business_date = days.business_date
    left join hours on orders.local_hour = hours.local_hour
    left join order_costs on orders.order_key = order_costs.order_key
    left join order_complaints as complained on orders.order_key = complained.order_key

),

parts as (

    select
        branch_id,
        business_date,
        day_part,
        channel,
        currency,
        {%- for each in counts %}
        sum({{ each }}) as {{ each }},
        {%- endfor %}
        {%- for amount in amounts %}
        sum({{ amount }}) as {{ amount }},
        {%- endfor %}
        case when count(*) = count(unit_count) then sum(unit_count) end as units
    from measured
    group by branch_id, business_date, day_part, channel, currency

),

final as (

    select
        -- key
        {{ dbt.concat([
            "parts.branch_id", "'-'", dbt.cast("parts.business_date", dbt.type_string()), "'-'",
            "parts.day_part", "'-'", "parts.channel"
        ]) }} as day_part_key,
        parts.branch_id,
        parts.business_date,
        parts.day_part,
        parts.channel,

        -- volume
        {%- for each in counts %}
        cast(parts.{{ each }} as integer) as {{ each }},
        {%- endfor %}
        cast(parts.units as numeric(14, 3)) as units,

        -- money
        parts.currency,
        {%- for amount in amounts %}
        {{ money('parts.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}

        -- the same, not rounded
        cast(parts.revenue_before_refunds as {{ exact_type() }}) as revenue_before_refunds_exact,
        cast(parts.order_cost as {{ exact_type() }}) as order_cost_exact,
        cast(parts.order_costed_revenue as {{ exact_type() }}) as order_costed_revenue_exact,
        cast(parts.complaint_refunds as {{ exact_type() }}) as complaint_refunds_exact
    from parts
    inner join branches on parts.branch_id = branches.branch_id

)

select * from final
