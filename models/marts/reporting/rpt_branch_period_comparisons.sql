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

),

spans as (

    select * from {{ ref('int_periods_spanned') }}
    where basis <> 'period'

),

branches as (

    select * from {{ ref('dim_branches') }}

),

-- every period of a branch with both, whether or not the branch has traded then
final as (

    select
        -- keys
        {{ surrogate_key('periods.branch_period_key', 'spans.basis') }} as comparison_key,
        periods.branch_period_key,
        periods.branch_id,
        periods.period_key,
        spans.basis,

        -- which days
        spans.first_date,
        spans.last_date,
        cast(coalesce(other_days.trading_days, 0) as integer) as trading_days,

        -- what may be compared
        coalesce(periods.is_whole and other_days.is_whole, false) as is_comparable,
        branches.opened_on > spans.first_date as is_new,

        -- volume and guests of the other days, each guest once
        cast(other_days.units as numeric(14, 3)) as units,
        {%- for count in counts %}
        cast(other_days.{{ count }} as integer) as {{ count }},
        {%- endfor %}

        -- money of the other days, and of the period itself
        {%- for amount in amounts %}
        {{ money('other_days.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}
        {{ money('periods.net_revenue', 'branches.minor_unit') }} as period_net_revenue,
        cast(periods.orders as integer) as period_orders,
        periods.currency
    from period_figures as periods
    inner join branches on periods.branch_id = branches.branch_id
    inner join spans on periods.period_key = spans.period_key
    left join period_figures as other_days
        on
            periods.branch_period_key = other_days.branch_period_key
            and spans.basis = other_days.basis
    where periods.basis = 'period'

)

select * from final
