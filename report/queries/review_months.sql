-- How each branch was rated in each month.
select
    scopes.scope_id,
    reviews.month_start,
    case
        when periods.is_complete then to_char(reviews.month_start, 'Mon YYYY')
        else to_char(reviews.month_start, 'Mon YYYY "so far"')
    end as month_name,
    branches.branch_name,
    reviews.average_rating,
    reviews.reviews,
    reviews.low_ratings,
    reviews.answered_share,
    reviews.average_answer_minutes,
    reviews.review_sentiment,
    reviews.deleted_reviews
from marts.rpt_review_months as reviews
inner join marts.dim_branches as branches on reviews.branch_id = branches.branch_id
inner join marts.dim_periods as periods
    on
        branches.currency = periods.currency
        and periods.kind = 'month'
        and reviews.month_start = periods.first_date
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
order by scopes.scope_id, reviews.month_start, branches.branch_name
