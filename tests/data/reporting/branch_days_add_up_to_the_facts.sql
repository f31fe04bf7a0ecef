-- Per branch and day, exactly: the report equals the facts; no day is missing or doubled.
{%- set amounts = [
    'gross_revenue', 'discount_amount', 'tax_amount', 'revenue_before_refunds', 'tips_amount',
    'refund_amount', 'tax_refunded', 'taken_amount', 'paid_back_amount',
] %}

with booked as (
    select
        branch_id,
        business_date,
        gross_revenue_exact as gross_revenue,
        discount_amount_exact as discount_amount,
        tax_amount_exact as tax_amount,
        revenue_before_refunds_exact as revenue_before_refunds,
        line_tips_exact as tips_amount,
        returned_amount_exact as refund_amount,
        returned_tax_exact as tax_refunded,
        -line_tips_exact as taken_amount,
        0 as paid_back_amount,
        case when is_sale then 1 else 0 end as orders,
        unit_count as units,
        case when unit_count is null then 1 else 0 end as unknown_units,
        0 as unknown_orders,
        1 as facts
    from {{ ref('fct_orders') }}
    union all
    select
        branch_id,
        business_date,
        0 as gross_revenue,
        0 as discount_amount,
        0 as tax_amount,
        0 as revenue_before_refunds,
        tip_amount_exact as tips_amount,
        payment_refunds_exact as refund_amount,
        payment_tax_refunds_exact as tax_refunded,
        amount_exact as taken_amount,
        paid_back_amount_exact as paid_back_amount,
        0 as orders,
        0 as units,
        0 as unknown_units,
        0 as unknown_orders,
        0 as facts
    from {{ ref('fct_payments') }}
    union all
    select
        branch_id,
        business_date,
        {%- for amount in amounts %}
        -{{ amount }}_exact as {{ amount }},
        {%- endfor %}
        -orders as orders,
        -units as units,
        case when units is null then -1 else 0 end as unknown_units,
        -- of a day that is partly a sum the facts have some orders alone
        case when orders is null then 1 else 0 end as unknown_orders,
        0 as facts
    from {{ ref('rpt_branch_days') }}
),

-- what the facts have more than the report; less where it is below zero
differences as (
    select
        branch_id,
        business_date,
        {%- for amount in amounts %}
        sum({{ amount }}) as {{ amount }},
        {%- endfor %}
        sum(orders) as orders,
        sum(units) as units,
        max(unknown_units) as unknown_in_facts,
        min(unknown_units) as unknown_in_days,
        sum(unknown_orders) as unknown_orders,
        sum(facts) as facts
    from booked
    group by branch_id, business_date
),

failures as (
    select * from differences
    where
        {%- for amount in amounts %}
        {{ amount }} <> 0 or
        {%- endfor %}
        -- of a day without facts the last one with sales says whether it is known
        (facts > 0 and unknown_in_facts + unknown_in_days <> 0)
        or (units <> 0 and unknown_in_facts = 0)
        or (orders <> 0 and unknown_orders = 0)
)

select * from failures
