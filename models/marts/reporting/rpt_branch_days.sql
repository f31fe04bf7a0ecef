with branches as (
    select * from {{ ref('dim_branches') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

guests as (
    select * from {{ ref('dim_customers') }}
),

food as (
    select * from {{ ref('int_food_costed') }}
),

-- cancelled orders stand in the fact with zeros: the branch was open, but sold nothing by them
order_days as (
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

-- reads the fact itself: a CTE that is read twice would be written down first
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
    inner join guests on visits.customer_key = guests.customer_key
    group by guests.branch_id, visits.business_date
),

company as (
    select
        min(business_date) as first_business_date,
        max(business_date) as last_business_date
    from (
        select business_date from order_days
        union all
        select business_date from refund_days
    ) as trading_days
),

days as (
    select
        branches.branch_id,
        branches.currency,
        branches.prices_include_tax,
        dates.date_day as business_date
    from branches
    cross join company
    inner join dates
        on
            branches.opened_on <= dates.date_day
            and dates.date_day between company.first_business_date and company.last_business_date
),

filled as (
    select
        days.branch_id,
        days.business_date,
        days.currency,
        days.prices_include_tax,
        {%- for measure in [
            'order_days.orders', 'order_days.units', 'order_days.gross_revenue',
            'order_days.discount_amount', 'order_days.tax_amount', 'order_days.tips_amount',
            'refund_days.refund_amount', 'guest_days.new_guests', 'guest_days.returning_guests'
        ] %}
        coalesce({{ measure }}, 0) as {{ measure.split('.')[1] }},
        {%- endfor %}
        case when food.branch_id is null then 0 else food.food_cost end as food_cost,
        food.waste
    from days
    left join order_days
        on days.branch_id = order_days.branch_id and days.business_date = order_days.business_date
    left join refund_days
        on days.branch_id = refund_days.branch_id and days.business_date = refund_days.business_date
    left join guest_days
        on days.branch_id = guest_days.branch_id and days.business_date = guest_days.business_date
    left join food
        on days.branch_id = food.branch_id and days.business_date = food.business_date
),

final as (
    select
        -- key
        branch_id,
        business_date,

        -- volume
        cast(orders as integer) as orders,
        cast(units as integer) as units,

        -- money
        currency,
        cast(gross_revenue as numeric(12, 2)) as gross_revenue,
        cast(discount_amount as numeric(12, 2)) as discount_amount,
        cast(tax_amount as numeric(12, 2)) as tax_amount,
        cast(refund_amount as numeric(12, 2)) as refund_amount,
        cast({{ net_revenue(
            'gross_revenue', 'discount_amount', 'refund_amount', 'tax_amount', 'prices_include_tax'
        ) }} as numeric(12, 2)) as net_revenue,
        cast(tips_amount as numeric(12, 2)) as tips_amount,
        cast(({{ net_revenue(
            'gross_revenue', 'discount_amount', '0', 'tax_amount', 'prices_include_tax'
        ) }}) / nullif(orders, 0) as numeric(12, 2)) as average_order,

        -- guests
        cast(new_guests as integer) as new_guests,
        cast(returning_guests as integer) as returning_guests,

        -- kitchen
        cast(food_cost as numeric(12, 2)) as food_cost,
        cast(waste as numeric(12, 2)) as waste
    from filled
)

select * from final
