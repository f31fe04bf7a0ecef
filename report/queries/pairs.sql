-- What is bought together more often than by chance, in each period: the ten pairs with the most
-- baskets above it. A pair is told in the direction in which it says more.
with pairs as (
    select
        pairs.*,
        branches.branch_name,
        scopes.scope_id,
        row_number() over (
            partition by scopes.scope_id, pairs.period_id
            order by
                pairs.leverage desc, branches.branch_name asc, pairs.first_item asc,
                pairs.second_item asc
        ) as place
    from marts.rpt_product_pairs as pairs
    inner join marts.dim_branches as branches on pairs.branch_id = branches.branch_id
    cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
    where
        pairs.item_kind = 'product' and pairs.lift > 1
        and (pairs.first_baskets, pairs.first_item) < (pairs.second_baskets, pairs.second_item)
)

select
    scope_id,
    period_id,
    branch_name,
    concat_ws(', ', first_name, nullif(first_size, '')) as first_name,
    concat_ws(', ', second_name, nullif(second_size, '')) as second_name,
    pair_baskets,
    confidence,
    lift
from pairs
where place <= 10
order by scope_id, period_id, place
