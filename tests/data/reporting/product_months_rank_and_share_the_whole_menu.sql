-- Per branch and month: ranks run from 1 to the number of products, shares add up to the whole.
with menus as (
    select
        branch_id,
        month_start,
        count(*) as products,
        count(distinct revenue_rank) as ranks,
        max(revenue_rank) as last_rank,
        sum(units) as units,
        sum(units_share) as units_share,
        sum(revenue_share) as revenue_share
    from {{ ref('rpt_product_months') }}
    group by branch_id, month_start
),

failures as (
    select * from menus
    where
        ranks <> products
        or last_rank <> products
        -- each share is rounded to six places
        -- sums of days tell no units
        or (units > 0 and abs(units_share - 1) > products * 0.000001)
        or abs(revenue_share - 1) > products * 0.000001
)

select * from failures
