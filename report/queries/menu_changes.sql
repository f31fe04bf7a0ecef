-- What seven days sold of a product before and after its price was changed, or since it is new.
select
    scopes.scope_id,
    changes.changed_on,
    branches.branch_name,
    changes.product_name,
    changes.size,
    case when changes.change_kind = 'new' then 'new' else 'new price' end as what,
    changes.previous_price,
    changes.unit_price,
    -- of a week with money and no quantity nobody knows how many it sold
    case
        when bool_and(changes.weeks_since >= 0 or changes.units is not null)
            then
                7 * sum(changes.units) filter (where changes.weeks_since < 0)
                / sum(changes.trading_days) filter (where changes.weeks_since < 0)
    end as units_before,
    case
        when bool_and(changes.weeks_since not between 0 and 3 or changes.units is not null)
            then
                7 * sum(changes.units) filter (where changes.weeks_since between 0 and 3)
                / sum(changes.trading_days) filter (where changes.weeks_since between 0 and 3)
    end as units_after
from marts.rpt_product_changes as changes
inner join marts.dim_branches as branches on changes.branch_id = branches.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
group by
    scopes.scope_id, changes.product_version_key, changes.changed_on, branches.branch_name,
    changes.product_name, changes.size, changes.change_kind, changes.previous_price,
    changes.unit_price
order by scopes.scope_id, changes.changed_on desc, branches.branch_name, changes.product_name
