-- What can be chosen as a branch: all branches of a currency together, and each by itself.
with traded as (
    select
        branch_id,
        min(business_date) filter (where gross_revenue <> 0) as first_date,
        max(business_date) filter (where gross_revenue <> 0) as last_sale_date,
        max(business_date) as last_date,
        bool_or(discount_amount <> 0) as has_discounts
    from marts.rpt_branch_days
    group by branch_id
),

-- an export says what an article cost on each receipt, and keeps no list of prices
priced as (
    select distinct branch_id
    from marts.rpt_source_loads
    where source_name <> 'files'
)

select
    coalesce(branches.branch_id, branches.currency) as scope_id,
    branches.branch_id,
    branches.currency,
    min(branches.minor_unit) as places,
    min(branches.branch_name) as branch_name,
    min(branches.city) as city,
    count(*) as branches,
    min(traded.first_date) as first_date,
    max(traded.last_date) as last_date,
    min(branches.opened_on) as opened_on,
    max(traded.last_sale_date) as last_sale_date,
    count(priced.branch_id) > 0 as has_prices,
    -- nobody knows whether a branch without any discount gives none, or records none
    bool_or(traded.has_discounts) as has_discounts
from marts.dim_branches as branches
inner join traded on branches.branch_id = traded.branch_id
left join priced on branches.branch_id = priced.branch_id
group by grouping sets ((branches.branch_id, branches.currency), (branches.currency))
having branches.branch_id is not null or count(*) > 1
order by count(*) desc, branches.currency, branch_name
