-- cancelled orders are in the fact with zeros: the branch was open
with order_days as (
    select
        branch_id,
        business_date,
        sum(case when is_cancelled then 0 else 1 end) as orders,
        sum(unit_count) as units,
        sum(gross_revenue) as gross_revenue,
        sum(discount_amount) as discount_amount,
        sum(tax_amount) as tax_amount,
        sum(tips_amount) as tips_amount
    from {{ ref('fct_orders') }}
    group by branch_id, business_date
),

-- a refund belongs to the day on which it is paid out, not to the day of its order
refund_days as (
    select
        branch_id,
        business_date,
        sum(refund_amount) as refund_amount
    from {{ ref('fct_payments') }}
    where payment_type = 'refund'
    group by branch_id, business_date
),

visits as (
    select
        customer_key,
        business_date
    from {{ ref('fct_orders') }}
    where not is_cancelled and customer_key is not null
    group by customer_key, business_date
),

guest_days as (
    select
        guests.branch_id,
        visits.business_date,
        count(case when visits.business_date = guests.first_business_date then 1 end) as new_guests,
        count(case when visits.business_date > guests.first_business_date then 1 end)
            as returning_guests
    from visits
    inner join {{ ref('dim_customers') }} as guests on visits.customer_key = guests.customer_key
    group by guests.branch_id, visits.business_date
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
    select
        branch_id,
        business_date
    from order_days
    union all
    select
        branch_id,
        business_date
    from refund_days
),

-- up to its newest sale: a day that has not been loaded must not look like one without sales
traded as (
    select
        branch_id,
        max(business_date) as last_business_date,
        min(min(business_date)) over () as first_business_date
    from trading_days
    group by branch_id
),

days as (
    select
        branches.branch_id,
        branches.currency,
        branches.prices_include_tax,
        dates.date_day as business_date
    from {{ ref('dim_branches') }} as branches
    inner join traded on branches.branch_id = traded.branch_id
    inner join {{ ref('dim_dates') }} as dates
        on
            branches.opened_on <= dates.date_day
            and dates.date_day between traded.first_business_date and traded.last_business_date
),

filled as (
    select
        days.branch_id,
        days.business_date,
        days.currency,
        {%- for measure in [
            'order_days.orders', 'order_days.units', 'order_days.gross_revenue',
            'order_days.discount_amount', 'order_days.tax_amount', 'order_days.tips_amount',
            'refund_days.refund_amount', 'guest_days.new_guests', 'guest_days.returning_guests',
            'ticket_days.complaints'
        ] %}
        coalesce({{ measure }}, 0) as {{ measure.split('.')[1] }},
        {%- endfor %}
        days.prices_include_tax,
        case when food.branch_id is null then 0 else food.food_cost end as food_cost,
        food.waste
    from days
    left join order_days
        on days.branch_id = order_days.branch_id and days.business_date = order_days.business_date
    left join refund_days
        on days.branch_id = refund_days.branch_id and days.business_date = refund_days.business_date
    left join guest_days
        on days.branch_id = guest_days.branch_id and days.business_date = guest_days.business_date
    left join ticket_days
        on days.branch_id = ticket_days.branch_id and days.business_date = ticket_days.business_date
    left join {{ ref('int_food_costed') }} as food
        on days.branch_id = food.branch_id and days.business_date = food.business_date
),

final as (
    select
        -- key
        branch_id,
        business_date,

        -- volume and guests
        {%- for number in ['orders', 'units', 'new_guests', 'returning_guests', 'complaints'] %}
        cast({{ number }} as integer) as {{ number }},
        {%- endfor %}

        -- money
        currency,
        {%- for amount in ['gross_revenue', 'discount_amount', 'tax_amount', 'refund_amount',
            'tips_amount', 'food_cost', 'waste'] %}
        cast({{ amount }} as numeric(12, 2)) as {{ amount }},
        {%- endfor %}
        cast({{ net_revenue(
            'gross_revenue', 'discount_amount', 'refund_amount', 'tax_amount', 'prices_include_tax'
        ) }} as numeric(12, 2)) as net_revenue,
        cast(({{ net_revenue(
            'gross_revenue', 'discount_amount', '0', 'tax_amount', 'prices_include_tax'
        ) }}) / nullif(orders, 0) as numeric(12, 2)) as average_order
    from filled
)

select * from final
