{{ config(materialized='table') }}

{%- set figures = period_figures() %}

with

-- both sides of a ratio are of the same days
branch_days as (
    select
        *,
        case when recipe_cost is not null then net_revenue_exact end as costed_revenue,
        case when orders is not null then revenue_before_refunds_exact end as ordered_revenue,
        case when orders is not null then units end as ordered_units,
        case when units is not null then orders end as itemized_orders,
        case when units <> 0 then revenue_before_refunds_exact end as itemized_revenue,
        case when orders is not null then complaints end as ordered_complaints,
        case when complaints is not null then orders end as ticketed_orders,
        case when is_between_counts then 1 end as counted_day,
        -- what the branch has data of begins and ends with a sale
        case when gross_revenue_exact <> 0 then business_date end as sale_date
    from {{ ref('rpt_branch_days') }}
),

periods as (select * from {{ ref('int_periods_spanned') }}),

-- before the first count nobody knows whether an ingredient has run out
stock_days as (
    select
        branch_id,
        business_date,
        count(is_stock_out) as ingredient_days,
        sum(case when is_stock_out then 1 else 0 end) as stock_out_days
    from {{ ref('fct_stock_days') }}
    group by branch_id, business_date
    having count(is_stock_out) > 0
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
        count(case when sentiment_class = 'positive' then 1 end) as positive_posts,
        count(case when sentiment_class = 'negative' then 1 end) as negative_posts
    from {{ ref('fct_social_posts') }}
    group by branch_id, business_date
),

-- since when a branch has tickets and posts, `rpt_branch_days` says
days as (
    select
        branch_days.*,
        branches.opened_on,
        stock_days.ingredient_days,
        stock_days.stock_out_days,
        {%- for count in figures.tickets %}
        case
            when branch_days.complaints is not null then coalesce(ticket_days.{{ count }}, 0)
        end as {{ count }},
        {%- endfor %}
        {%- for count in figures.posts %}
        case when branch_days.posts is not null then coalesce(post_days.{{ count }}, 0) end
            as {{ count }},
        {%- endfor %}
        min(branch_days.sale_date) over branch as first_sale_date,
        max(branch_days.sale_date) over branch as last_sale_date
    from branch_days
    inner join {{ ref('dim_branches') }} as branches on branch_days.branch_id = branches.branch_id
    {%- for each in ['stock_days', 'ticket_days', 'post_days'] %}
    left join {{ each }}
        on
            branch_days.branch_id = {{ each }}.branch_id
            and branch_days.business_date = {{ each }}.business_date
    {%- endfor %}
    window branch as (partition by branch_days.branch_id)
),

-- a sum is of the days on which it is recorded, and how many these are stands beside it
period_days as (
    select
        days.branch_id,
        periods.period_key,
        periods.basis,
        periods.period_id,
        periods.first_date,
        periods.last_date,
        max(days.currency) as currency,
        max(days.business_date) as newest_date,
        -- a day or two without a sale may be a day of rest; after the newest sale nobody knows
        count(*) = count(case when days.is_complete then 1 end)
        and max(days.opened_on) <= periods.first_date
        and max(days.first_sale_date)
        <= {{ dbt.dateadd('day', 'max(periods.rest_days)', 'periods.first_date') }}
        and max(days.last_sale_date) >= periods.last_date as is_whole,
        {%- for kind, recorded in figures.kinds.items() %}
        count(days.{{ recorded }}) as {{ kind }}_days,
        count(*) - count(days.{{ recorded }})
        <= {{ 0 if kind == 'order' else 'max(periods.rest_days)' }} as is_{{ kind }}_whole,
        {%- endfor %}
        {%- for figure in figures.summed + figures.units %}
        sum(days.{{ figure }}) as {{ figure }},
        {%- endfor %}
        {%- for amount in figures.amounts %}
        cast(sum(days.{{ amount }}{{ '_exact' if amount in figures.exact }}) as {{ exact_type() }})
            as {{ amount }},
        {%- endfor %}
        count(*) as trading_days
    from days
    inner join periods
        on
            days.currency = periods.currency
            and days.business_date between periods.first_date and periods.last_date
    group by
        days.branch_id, periods.period_key, periods.basis, periods.period_id, periods.first_date,
        periods.last_date
),

final as (
    select
        {{ surrogate_key('period_days.branch_id', 'period_days.period_id') }} as branch_period_key,
        period_days.*,
        case when period_days.guest_days > 0 then coalesce(guests.guests, 0) end as guests,
        case when period_days.guest_days > 0 then coalesce(guests.new_guests, 0) end as new_guests,
        case when period_days.guest_days > 0 then coalesce(guests.returning_guests, 0) end
            as returning_guests
    from period_days
    left join {{ ref('int_guest_periods_counted') }} as guests
        on
            period_days.branch_id = guests.branch_id
            and period_days.period_key = guests.period_key
            and period_days.basis = guests.basis
)

select * from final
