-- What was found in the published days and stopped nobody, with the money that it concerns.
select
    branch_id,
    finding,
    count(*) as days,
    min(business_date) as first_date,
    max(business_date) as last_date,
    sum(records) as records,
    sum(amount) as amount,
    max(currency) as currency
from marts.rpt_findings
group by branch_id, finding
order by last_date desc, branch_id asc, finding asc
