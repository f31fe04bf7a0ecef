-- What each branch sold, wasted and heard on each of its days: of these a free range is summed.
with branch_days as (
    select
        days.*,
        -- what a branch has data of begins with a sale
        min(case when days.gross_revenue_exact <> 0 then days.business_date end)
            over (partition by days.branch_id) as first_sale_date,
        -- a day of which there is nothing: 0 once the branch records it, and before that unknown
        0 * days.new_guests as no_guests,
        0 * days.posts as no_posts,
        0 * days.web_sessions as no_sessions,
        0 * days.reviews as no_reviews
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

-- sessions of people, of which nobody knows the branch are left out
session_days as (
    select
        branch_id,
        business_date,
        count(*) filter (where has_product_view) as sessions_with_product_view,
        count(*) filter (where has_cart) as carts,
        count(*) filter (where has_checkout) as checkouts,
        count(*) filter (where is_converted) as converted_sessions,
        count(*) filter (where is_cart_abandoned) as abandoned_carts,
        sum(order_revenue_exact) as web_revenue
    from marts.fct_web_sessions
    where not is_bot
    group by branch_id, business_date
),

review_days as (
    select
        branch_id,
        business_date,
        count(rating) as rated_reviews,
        sum(rating) as stars,
        count(answered_at) as answered_reviews,
        count(sentiment) as scored_reviews,
        sum(sentiment) as review_sentiments
    from marts.fct_reviews
    group by branch_id, business_date
),

-- days of devices that are over
device_days as (
    select
        branch_id,
        business_date,
        count(*) as device_days,
        count(*) filter (where is_complete and is_in_range) as kept_device_days,
        sum(minutes_out_of_range) as minutes_out_of_range
    from marts.rpt_cold_chain_days
    where is_over
    group by branch_id, business_date
),

-- of the products whose cost the till itself knows on all days
cost_days as (
    select
        branch_id,
        business_date,
        sum(till_cost_exact) as till_cost,
        sum(product_revenue) as till_costed_revenue
    from (
        select
            *,
            bool_and(till_cost_exact is not null) over (partition by branch_id, product_id)
                as is_costed
        from marts.rpt_product_days
    ) as products
    where is_costed
    group by branch_id, business_date
),

found as (
    select distinct
        branch_id,
        business_date
    from marts.rpt_findings
    -- a count of the kitchen proves no money
    where finding not like 'more was found than expected%'
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
    days.new_guests,
    coalesce(guests.known_guest_orders, days.no_guests) as known_guest_orders,
    days.complaints,
    case when days.complaints is not null then coalesce(tickets.answered_tickets, 0) end
        as answered_tickets,
    case when days.complaints is not null then coalesce(tickets.first_response_minutes, 0) end
        as first_response_minutes,
    days.posts,
    coalesce(posts.positive_posts, days.no_posts) as positive_posts,
    days.recipe_cost_exact as recipe_cost,
    days.waste_exact as waste,
    days.counted_recipe_cost_exact as counted_recipe_cost,
    case when days.is_between_counts then 1 end as waste_days,
    stock.ingredient_days,
    stock.stock_out_days,
    costs.till_cost,
    costs.till_costed_revenue,
    days.web_sessions as sessions,
    coalesce(sessions.sessions_with_product_view, days.no_sessions) as sessions_with_product_view,
    coalesce(sessions.carts, days.no_sessions) as carts,
    coalesce(sessions.checkouts, days.no_sessions) as checkouts,
    coalesce(sessions.converted_sessions, days.no_sessions) as converted_sessions,
    coalesce(sessions.abandoned_carts, days.no_sessions) as abandoned_carts,
    coalesce(sessions.web_revenue, days.no_sessions) as web_revenue,
    days.reviews,
    coalesce(reviews.rated_reviews, days.no_reviews) as rated_reviews,
    coalesce(reviews.stars, days.no_reviews) as stars,
    coalesce(reviews.answered_reviews, days.no_reviews) as answered_reviews,
    coalesce(reviews.scored_reviews, days.no_reviews) as scored_reviews,
    coalesce(reviews.review_sentiments, days.no_reviews) as review_sentiments,
    devices.device_days,
    devices.kept_device_days,
    devices.minutes_out_of_range,
    case
        when days.is_proven then 'proven'
        when found.branch_id is not null then 'differs'
        else 'copied, not proven'
    end as proof,
    case
        when not compared.is_equal then 'differs'
        when compared.is_healed then 'equal after reload'
        when compared.is_equal then 'equal'
    end as comparison,
    compared.order_total_at_till,
    compared.order_total_difference
from branch_days as days
inner join held_days as held on days.branch_id = held.branch_id
left join guest_days as guests
    on days.branch_id = guests.branch_id and days.business_date = guests.business_date
left join stock_days as stock
    on days.branch_id = stock.branch_id and days.business_date = stock.business_date
left join ticket_days as tickets
    on days.branch_id = tickets.branch_id and days.business_date = tickets.business_date
left join post_days as posts
    on days.branch_id = posts.branch_id and days.business_date = posts.business_date
left join session_days as sessions
    on days.branch_id = sessions.branch_id and days.business_date = sessions.business_date
left join review_days as reviews
    on days.branch_id = reviews.branch_id and days.business_date = reviews.business_date
left join device_days as devices
    on days.branch_id = devices.branch_id and days.business_date = devices.business_date
left join cost_days as costs
    on days.branch_id = costs.branch_id and days.business_date = costs.business_date
left join found
    on days.branch_id = found.branch_id and days.business_date = found.business_date
left join marts.rpt_reconciliation as compared
    on
        days.branch_id = compared.branch_id
        and days.business_date = compared.business_date
        and not compared.is_open
where
    days.business_date between held.first_date and held.last_date
    and days.business_date >= days.first_sale_date
order by days.branch_id, days.business_date
