select
    erasures.branch_id,
    erasures.customer_id,
    coalesce(done.load_id, '') as load_id
from audit.erasures as erasures
left join raw_streams._erasures as done
    on
        erasures.branch_id = done.branch_id
        and erasures.customer_id = done.customer_id
        and done.stream = %(stream)s
