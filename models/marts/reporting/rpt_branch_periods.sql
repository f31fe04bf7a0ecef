{%- set counts = [
    'guests', 'new_guests', 'returning_guests', 'orders', 'complaints', 'ingredient_days',
    'stock_out_days', 'tickets', 'answered_tickets', 'first_response_minutes', 'posts',
    'positive_posts', 'negative_posts',
] -%}
{%- set amounts = [
    'gross_revenue', 'discount_amount', 'tax_amount', 'tax_refunded', 'tax_due',
    'revenue_before_refunds', 'refund_amount', 'net_revenue', 'tips_amount', 'taken_amount',
    'paid_back_amount', 'recipe_cost', 'costed_revenue', 'waste',
] -%}

with

period_figures as (

    select * from {{ ref('int_branch_periods_figured') }}
    where basis = 'period'

),

branches as (

    select * from {{ ref('dim_branches') }}

),

final as (

    select
        -- keys
        period_figures.branch_period_key,
        period_figures.branch_id,
        period_figures.period_key,
        period_figures.period_id,

        -- which days
        period_figures.first_date,
        period_figures.last_date,
        cast(period_figures.trading_days as integer) as trading_days,

        -- volume and guests, each guest once
        cast(period_figures.units as numeric(14, 3)) as units,
        {%- for count in counts %}
        cast(period_figures.{{ count }} as integer) as {{ count }},
        {%- endfor %}

        -- money
        {%- for amount in amounts %}
        {{ money('period_figures.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}
        period_figures.currency
    from period_figures
    inner join branches on period_figures.branch_id = branches.branch_id

)

select * from final
