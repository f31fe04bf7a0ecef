-- What each branch sold, wasted and heard on each of its days: of these a free range is summed. The
-- page holds 30,000 days in all: three years of 27 branches, 150 days of 200.
with held as (
    select
        branches.currency,
        max(periods.last_date) as last_date,
        max(periods.last_date) - cast(
            least(1100, 30000 / (select count(*) from marts.dim_branches)) as integer
        ) as before_date
    from marts.dim_branches as branches
    inner join marts.dim_periods as periods on branches.currency = periods.currency
    group by branches.currency
),

branch_days as (
    select
        days.*,
        -- what a branch has data of begins with a sale
        min(case when days.gross_revenue_exact <> 0 then days.business_date end)
            over (partition by days.branch_id) as first_sale_date
    from marts.rpt_branch_days as days
),

stock_days as (
    select
        branch_id,
        business_date,
        count(is_stock_out) as ingredient_days,
        count(*) filter (where is_stock_out) as stock_out_days
    from marts.fct_stock_days
    group by branch_id, business_date
    having count(is_stock_out) > 0
),

ticket_days as (
    select
        branch_id,
        business_date,
        count(first_response_minutes) as answered_tickets,
        sum(first_response_minutes) as first_response_minutes
    from marts.fct_support_tickets
    group by branch_id, business_date
),

post_days as (
    select
        branch_id,
        business_date,
        count(sentiment) as posts,
        count(*) filter (where sentiment_class = 'positive') as positive_posts
    from marts.fct_social_posts
    group by branch_id, business_date
),

guest_days as (
    select
        branch_id,
        business_date,
        sum(known_guest_orders) as known_guest_orders
    from marts.rpt_day_parts
    group by branch_id, business_date
),

-- before the first guest and post nobody knows of any
recorded as (
    select
        branches.branch_id,
        (
            select min(guests.business_date) from guest_days as guests
            where guests.branch_id = branches.branch_id and guests.known_guest_orders > 0
        ) as first_guest_date,
        (
            select min(posts.business_date) from post_days as posts
            where posts.branch_id = branches.branch_id
        ) as first_post_date
    from marts.dim_branches as branches
)

select
    days.branch_id as scope_id,
    days.business_date,
    days.is_complete,
    days.net_revenue_exact as net_revenue,
    days.revenue_before_refunds_exact as revenue_before_refunds,
    days.gross_revenue_exact as gross_revenue,
    days.discount_amount_exact as discount_amount,
    days.refund_amount_exact as refund_amount,
    days.orders,
    days.units,
    case when days.business_date >= recorded.first_guest_date then days.new_guests end
        as new_guests,
    case
        when days.business_date >= recorded.first_guest_date
            then coalesce(guests.known_guest_orders, 0)
    end as known_guest_orders,
    days.complaints,
    case when days.complaints is not null then coalesce(tickets.answered_tickets, 0) end
        as answered_tickets,
    case when days.complaints is not null then coalesce(tickets.first_response_minutes, 0) end
        as first_response_minutes,
    case when days.business_date >= recorded.first_post_date then coalesce(posts.posts, 0) end
        as posts,
    case
        when days.business_date >= recorded.first_post_date then coalesce(posts.positive_posts, 0)
    end as positive_posts,
    days.recipe_cost,
    -- between two counts nothing is found missing
    coalesce(days.waste, days.counted_recipe_cost * 0) as waste,
    coalesce(days.counted_recipe_cost, days.waste * 0) as counted_recipe_cost,
    stock.ingredient_days,
    stock.stock_out_days
from branch_days as days
inner join held on days.currency = held.currency
inner join recorded on days.branch_id = recorded.branch_id
left join guest_days as guests
    on days.branch_id = guests.branch_id and days.business_date = guests.business_date
left join stock_days as stock
    on days.branch_id = stock.branch_id and days.business_date = stock.business_date
left join ticket_days as tickets
    on days.branch_id = tickets.branch_id and days.business_date = tickets.business_date
left join post_days as posts
    on days.branch_id = posts.branch_id and days.business_date = posts.business_date
where
    days.business_date > held.before_date
    and days.business_date <= held.last_date
    and days.business_date >= days.first_sale_date
order by days.branch_id, days.business_date
