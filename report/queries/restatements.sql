-- What a publication changed in days that one before it had published, the newest first.
select
    scopes.scope_id,
    restatements.restated_at,
    restatements.business_date,
    branches.branch_name,
    replace(restatements.figure, '_', ' ') as figure,
    restatements.value_before,
    restatements.value_after,
    restatements.reason
from marts.rpt_restatements as restatements
inner join marts.dim_branches as branches on restatements.branch_id = branches.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
order by
    scopes.scope_id, restatements.business_date desc, branches.branch_name,
    restatements.restated_at desc, restatements.figure
