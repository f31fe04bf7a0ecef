{%- set counts = [
    'orders', 'complaints', 'ingredient_days', 'stock_out_days', 'tickets',
    'answered_tickets', 'first_response_minutes', 'posts', 'positive_posts', 'negative_posts',
] -%}
{%- set exact = [
    'gross_revenue', 'discount_amount', 'tax_amount', 'tax_refunded', 'tax_due',
    'revenue_before_refunds', 'refund_amount', 'net_revenue', 'tips_amount', 'taken_amount', 'paid_back_amount',
] -%}
{%- set amounts = exact + ['recipe_cost', 'costed_revenue', 'waste'] -%}

with

branch_days as (
    select
        *,
        case when recipe_cost is not null then net_revenue_exact end as costed_revenue
    from {{ ref('rpt_branch_days') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

stock_days as (
    select
        branch_id,
        business_date,
        count(*) as ingredient_days,
        sum(case when is_stock_out then 1 else 0 end) as stock_out_days
    from {{ ref('fct_stock_days') }}
    group by branch_id, business_date
),

ticket_days as (
    select
        branch_id,
        business_date,
        count(*) as tickets,
        count(first_response_minutes) as answered_tickets,
        sum(first_response_minutes) as first_response_minutes
    from {{ ref('fct_support_tickets') }}
    group by branch_id, business_date
),

post_days as (
    select
        branch_id,
        business_date,
        count(sentiment) as posts,
        count(case when sentiment_class = 'positive' then 1 end) as positive_posts,
        count(case when sentiment_class = 'negative' then 1 end) as negative_posts
    from {{ ref('fct_social_posts') }}
    group by branch_id, business_date
),

days as (
    select
        branch_days.*,
        branches.minor_unit,
        stock_days.ingredient_days,
        stock_days.stock_out_days,
        ticket_days.tickets,
        ticket_days.answered_tickets,
        ticket_days.first_response_minutes,
        post_days.posts,
        post_days.positive_posts,
        post_days.negative_posts
    from branch_days
    inner join {{ ref('dim_branches') }} as branches on branch_days.branch_id = branches.branch_id
    left join stock_days
        on
            branch_days.branch_id = stock_days.branch_id
            and branch_days.business_date = stock_days.business_date
    left join ticket_days
        on
            branch_days.branch_id = ticket_days.branch_id
            and branch_days.business_date = ticket_days.business_date
    left join post_days
        on
            branch_days.branch_id = post_days.branch_id
            and branch_days.business_date = post_days.business_date
),

period_days as (
    select
        days.branch_id,
        days.currency,
        periods.period_id,
        periods.is_previous,
        periods.first_date,
        periods.last_date,
        -- unknown if they are unknown on any day
        case when count(days.orders) = count(*) then sum(days.orders) end as orders,
        {%- for count in counts if count != 'orders' %}
        coalesce(sum(days.{{ count }}), 0) as {{ count }},
        {%- endfor %}
        sum(days.units) as units,
        {%- for amount in amounts %}
        sum(days.{{ amount }}{{ '_exact' if amount in exact }}) as {{ amount }},
        {%- endfor %}
        max(days.minor_unit) as minor_unit,
        count(*) as trading_days
    from days
    inner join periods
        on
            days.currency = periods.currency
            and days.business_date between periods.first_date and periods.last_date
    group by
        days.branch_id, days.currency, periods.period_id, periods.is_previous, periods.first_date,
        periods.last_date
),

final as (
    select
        -- key
        period_days.branch_id,
        period_days.period_id,
        period_days.is_previous,

        -- which days
        period_days.first_date,
        period_days.last_date,
        cast(period_days.trading_days as integer) as trading_days,

        -- guests, each once
        coalesce(period_guests.guests, 0) as guests,
        coalesce(period_guests.new_guests, 0) as new_guests,
        coalesce(period_guests.returning_guests, 0) as returning_guests,

        -- volume
        cast(period_days.units as numeric(14, 3)) as units,
        {%- for count in counts %}
        cast(period_days.{{ count }} as integer) as {{ count }},
        {%- endfor %}

        -- money
        {%- for amount in amounts %}
        {{ money('period_days.' ~ amount, 'period_days.minor_unit') }} as {{ amount }},
        {%- endfor %}
        period_days.currency
    from period_days
    left join {{ ref('rpt_guest_periods') }} as period_guests
        on
            period_days.branch_id = period_guests.branch_id
            and period_days.period_id = period_guests.period_id
            and period_days.is_previous = period_guests.is_previous
)

select * from final
