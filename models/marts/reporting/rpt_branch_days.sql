{%- set counts = ['orders', 'units', 'new_guests', 'returning_guests', 'complaints'] %}
{%- set amounts = [
    'gross_revenue', 'discount_amount', 'tax_amount', 'tax_refunded', 'refund_amount',
    'tips_amount', 'taken_amount', 'paid_back_amount', 'net_revenue',
] %}
with order_days as (
    select
        branch_id,
        business_date,
        sum(case when is_sale then 1 else 0 end) as orders,
        sum(case when abs(unpaid_amount_exact) >= 0.01 then 1 else 0 end) as unpaid_orders,
        sum(unit_count) as units,
        {%- for measure in [
            'gross_revenue', 'discount_amount', 'tax_amount', 'tips_amount', 'returned_amount',
            'returned_tax', 'line_tips'
        ] %}
        sum({{ measure }}_exact) as {{ measure }},
        {%- endfor %}
        sum({{ net_revenue(
            'gross_revenue_exact', 'discount_amount_exact', '0', 'tax_amount_exact',
            'prices_include_tax'
        ) }}) as revenue_before_refunds
    from {{ ref('fct_orders') }}
    group by branch_id, business_date
),

-- a payment, and so a refund, belongs to the day on which it is paid, not to the day of its order
payment_days as (
    select
        branch_id,
        business_date,
        sum(refund_amount_exact) as refund_amount,
        sum(tax_refunded_exact) as tax_refunded,
        sum(received_amount_exact) as received_amount,
        sum(case when payment_type = 'refund' then amount_exact else 0 end) as paid_back_amount
    from {{ ref('fct_payments') }}
    group by branch_id, business_date
),

ticket_days as (
    select
        branch_id,
        business_date,
        count(*) as complaints
    from {{ ref('fct_support_tickets') }}
    where is_complaint
    group by branch_id, business_date
),

trading_days as (
    {%- for days in ['order_days', 'payment_days'] %}
    select
        branch_id,
        business_date
    from {{ days }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

-- up to its newest sale: a day that is not loaded must not look like one without sales
traded as (
    select
        branch_id,
        max(business_date) as last_date,
        min(min(business_date)) over () as first_date
    from trading_days
    group by branch_id
),

days as (
    select
        branches.branch_id,
        branches.currency,
        branches.minor_unit,
        dates.date_day as business_date,
        dates.date_day < {{ business_date(
            dbt.current_timestamp(), 'branches.time_zone', 'branches.cutover_hour'
        ) }} as is_over
    from {{ ref('dim_branches') }} as branches
    inner join traded on branches.branch_id = traded.branch_id
    inner join {{ ref('dim_dates') }} as dates
        on dates.date_day between greatest(branches.opened_on, traded.first_date) and traded.last_date
),

-- a day without sales has zeros
filled as (
    select
        days.*,
        {%- for measure in [
            'order_days.orders', 'order_days.units', 'order_days.gross_revenue',
            'order_days.discount_amount', 'order_days.tax_amount', 'order_days.tips_amount',
            'order_days.revenue_before_refunds', 'payment_days.paid_back_amount',
            'guest_days.new_guests', 'guest_days.returning_guests', 'ticket_days.complaints'
        ] %}
        coalesce({{ measure }}, 0) as {{ measure.split('.')[1] }},
        {%- endfor %}
        coalesce(payment_days.refund_amount, 0) + coalesce(order_days.returned_amount, 0)
            as refund_amount,
        coalesce(payment_days.tax_refunded, 0) + coalesce(order_days.returned_tax, 0)
            as tax_refunded,
        coalesce(payment_days.received_amount, 0) - coalesce(order_days.line_tips, 0)
            as taken_amount,
        coalesce(order_days.revenue_before_refunds, 0) - coalesce(payment_days.refund_amount, 0)
        - coalesce(order_days.returned_amount, 0) as net_revenue,
        coalesce(not judged.is_open, days.is_over) as is_complete,
        coalesce(judged.is_proven, true) and coalesce(order_days.unpaid_orders, 0) = 0 as is_proven,
        case when food.branch_id is null then 0 else food.food_cost end as food_cost,
        food.waste
    from days
    {%- for name, relation in [
        ('order_days', 'order_days'), ('payment_days', 'payment_days'),
        ('guest_days', ref('rpt_guest_days')), ('ticket_days', 'ticket_days'),
        ('judged', ref('int_days_judged')), ('food', ref('int_food_costed')),
    ] %}
    left join {{ relation }}{{ ' as ' ~ name if name != relation }}
        on days.branch_id = {{ name }}.branch_id and days.business_date = {{ name }}.business_date
    {%- endfor %}
),

final as (
    select
        -- key
        branch_id,
        business_date,
        is_complete,
        is_proven,

        -- volume and guests
        {%- for number in counts %}
        cast({{ number }} as {{ 'numeric(14, 3)' if number == 'units' else 'integer' }})
            as {{ number }},
        {%- endfor %}

        -- money
        currency,
        {%- for amount in amounts + ['food_cost', 'waste'] %}
        {{ money(amount) }} as {{ amount }},
        {%- endfor %}
        {{ money('revenue_before_refunds / nullif(orders, 0)') }} as average_order,

        -- the same, not rounded
        {%- for amount in amounts %}
        cast({{ amount }} as {{ exact_type() }}) as {{ amount }}_exact
        {{- ',' if not loop.last }}
        {%- endfor %}
    from filled
)

select * from final
