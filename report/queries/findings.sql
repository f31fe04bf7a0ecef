-- What was found in a day and stopped nobody, with the money that it concerns.
select
    scopes.scope_id,
    findings.business_date,
    branches.branch_name,
    findings.finding,
    findings.records,
    findings.amount
from marts.rpt_findings as findings
inner join marts.dim_branches as branches on findings.branch_id = branches.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
order by
    scopes.scope_id, findings.business_date desc, branches.branch_name, findings.finding
