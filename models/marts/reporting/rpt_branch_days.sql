{#- what others say of a day: how it is summed, and from what -#}
{%- set said = {
    'is_equal': ['min(case when is_equal then 1 else 0 end) = 1', ref('rpt_till_figures')],
    'complaints': ['sum(case when is_complaint then 1 else 0 end)', ref('fct_support_tickets')],
    'posts': ['count(sentiment)', ref('fct_social_posts')],
    'web_sessions': ['sum(sessions)', ref('rpt_web_funnel_days')],
    'reviews': ['count(*)', ref('fct_reviews')]} %}
{%- set counts = ['orders', 'units', 'new_guests', 'returning_guests'] + (said | list)[1:] %}
{%- set amounts = period_figures().exact %}
{%- set less = {'tax_due': 'tax_amount - tax_refunded',
    'net_revenue': 'revenue_before_refunds - refund_amount',
    'recipe_cost': 'case when units is not null then recipe_cost end'} %}
{%- set joined = {'payments': 'payment_days', 'guests': ref('rpt_guest_days'),
    'judged': ref('int_days_judged'), 'food': ref('int_food_costed')} %}
with order_days as (
    select
        branch_id,
        business_date,
        -- unknown where any money of the day comes as a sum
        sum(case when is_sale then 1 else 0 end)
        * nullif(min(case when order_kind = 'day_total' then 0 else 1 end), 0) as orders,
        case when count(*) = count(unit_count) then sum(unit_count) end as units,
        {%- for measure in ['gross_revenue', 'discount_amount', 'tax_amount',
            'returned_amount', 'returned_tax', 'line_tips'] %}
        sum({{ measure }}_exact) as {{ measure }},
        {%- endfor %}
        sum(revenue_before_refunds_exact) as revenue_before_refunds
    from {{ ref('fct_orders') }}
    group by branch_id, business_date
),

-- a payment, and so a refund and a tip, belongs to the day on which it is paid
payment_days as (
    select
        branch_id,
        business_date,
        {%- for measure in ['payment_refunds', 'payment_tax_refunds', 'amount', 'tip_amount'] %}
        sum({{ measure }}_exact) as {{ measure }},
        {%- endfor %}
        sum(paid_back_amount_exact) as paid_back_amount
    from {{ ref('fct_payments') }}
    group by branch_id, business_date
),
{%- for count, (counted, fact) in said.items() %}
{%- do joined.update({count: count ~ '_of_days'}) %}

{{ count }}_of_days as (
    select
        branch_id,
        business_date,
        {{ counted }} as {{ count }}
    from {{ fact }}
    group by branch_id, business_date
),
{%- endfor %}

-- from the first to the newest sale: a day that is not loaded must not look like one without sales
traded as (
    select
        coalesce(sales.branch_id, payments.branch_id) as branch_id,
        max(coalesce(sales.business_date, payments.business_date)) as last_date,
        min(coalesce(sales.business_date, payments.business_date)) as first_date
    from order_days as sales
    full join payment_days as payments
        on sales.branch_id = payments.branch_id and sales.business_date = payments.business_date
    group by coalesce(sales.branch_id, payments.branch_id)
),

days as (
    select
        branches.branch_id,
        branches.currency,
        branches.minor_unit,
        branches.seats,
        dates.date_day as business_date,
        dates.date_day < {{ business_date(dbt.current_timestamp(), 'branches.time_zone',
            'branches.cutover_hour') }} as is_over
    from {{ ref('dim_branches') }} as branches
    inner join traded on branches.branch_id = traded.branch_id
    inner join {{ ref('dim_dates') }} as dates
        on dates.date_day between traded.first_date and traded.last_date
    where dates.date_day >= branches.opened_on
),

filled as (
    select
        days.*,
        {%- for measure in ['sales.gross_revenue', 'sales.discount_amount', 'sales.tax_amount',
            'sales.revenue_before_refunds', 'payments.paid_back_amount'] %}
        coalesce({{ measure }}, 0) as {{ measure.split('.')[1] }},
        {%- endfor %}
        -- before a branch's first known guest, ticket, post, session and review nobody knows
        {%- for count in counts[2:] %}
        {%- set rows = count if count in said else 'guests' %}
        case
            when count({{ rows }}.branch_id) over so_far > 0
                then coalesce({{ rows }}.{{ count }}, 0)
        end as {{ count }},
        {%- endfor %}
        -- a day without a sale is like the branch's last one with sales: nothing, or not recorded
        {%- for count in ['sales.orders', 'sales.units', 'food.recipe_cost'] %}
        {{ nothing_or_unknown(count) }} as {{ count.split('.')[1] }},
        {%- endfor %}
        coalesce(payments.payment_refunds, 0) + coalesce(sales.returned_amount, 0) as refund_amount,
        coalesce(payments.payment_tax_refunds, 0) + coalesce(sales.returned_tax, 0) as tax_refunded,
        coalesce(payments.amount, 0) - coalesce(sales.line_tips, 0) as taken_amount,
        coalesce(payments.tip_amount, 0) + coalesce(sales.line_tips, 0) as tips_amount,
        coalesce(not judged.is_open, days.is_over) as is_complete,
        coalesce(judged.is_proven, true)
        -- a day of which the till itself says nothing is copied, and not proven
        and coalesce(
            is_equal.is_equal,
            payments.branch_id is null and (sales.branch_id is null or sales.orders = 0), false
        ) as is_proven,
        food.waste,
        food.counted_recipe_cost,
        coalesce(food.is_between_counts, false) as is_between_counts
    from days
    left join order_days as sales
        on days.branch_id = sales.branch_id and days.business_date = sales.business_date
    {%- for each, rows in joined.items() %}
    left join {{ rows }} as {{ each }}
        on days.branch_id = {{ each }}.branch_id and days.business_date = {{ each }}.business_date
    {%- endfor %}
    window so_far as (partition by days.branch_id order by days.business_date)
),

final as (
    select
        branch_id,
        business_date,
        is_complete,
        is_proven,
        is_between_counts,
        seats,
        {%- for each in counts %}
        cast({{ each }} as {{ 'numeric(14, 3)' if each == 'units' else 'integer' }}) as {{ each }},
        {%- endfor %}
        currency,
        {%- for amount in amounts %}
        {{ money(less.get(amount, amount)) }} as {{ amount }},
        {%- endfor %}
        {%- for amount in amounts %}
        cast({{ less.get(amount, amount) }} as {{ exact_type() }}) as {{ amount }}_exact,
        {%- endfor %}
        {{ money('revenue_before_refunds / nullif(orders, 0)') }} as average_order
    from filled
)

select * from final
