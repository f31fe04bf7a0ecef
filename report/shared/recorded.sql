-- Since when each branch knows guests, posts, sessions and reviews: of days before, nobody knows
-- whether there were any.
select
    branches.branch_id,
    (
        select min(guests.first_business_date) from marts.dim_customers as guests
        where guests.branch_id = branches.branch_id
    ) as first_guest_date,
    (
        select min(posts.business_date) from marts.fct_social_posts as posts
        where posts.branch_id = branches.branch_id
    ) as first_post_date,
    (
        select min(sessions.business_date) from marts.rpt_web_funnel_days as sessions
        where sessions.branch_id = branches.branch_id
    ) as first_session_date,
    (
        select min(reviews.business_date) from marts.fct_reviews as reviews
        where reviews.branch_id = branches.branch_id
    ) as first_review_date
from marts.dim_branches as branches
