-- What somebody must see to in the kitchen, as of each branch's newest day.
select
    scopes.scope_id,
    branches.branch_name,
    alerts.ingredient_name,
    alerts.business_date,
    alerts.stock_quantity,
    alerts.unit,
    alerts.days_of_cover,
    concat_ws(
        ', ',
        case when alerts.is_stock_out then 'has run out' end,
        case when alerts.is_running_out then 'lasts less than two days' end,
        case when alerts.is_below_reorder_level then 'is below its reorder level' end,
        case when alerts.has_unexplained_loss then 'goes missing' end,
        case when alerts.has_surplus then 'more was found than expected: count again' end
    ) as alert
from marts.rpt_stock_alerts as alerts
inner join marts.dim_branches as branches on alerts.branch_id = branches.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
order by
    scopes.scope_id, alerts.is_stock_out desc, alerts.is_running_out desc,
    alerts.is_below_reorder_level desc, alerts.days_of_cover, branches.branch_name,
    alerts.ingredient_name
