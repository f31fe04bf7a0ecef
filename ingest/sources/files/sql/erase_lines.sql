-- Number and branch stay, so that the person's orders are those of one unknown guest.
with written as (
    update {table} as lines
    set {nulls}
    from audit.erasures as erasures
    where
        (lines.branch_id = erasures.branch_id or lines.branch_id is null)
        and trim(lines.{customer}) = erasures.customer_id
        and num_nonnulls({columns}) > 0
    returning
        erasures.branch_id,
        erasures.customer_id
),

counted as (
    select
        branch_id,
        customer_id,
        count(*) as lines
    from written
    group by branch_id, customer_id
)

update audit.erasures as done
set
    erased_at = clock_timestamp(),
    row_count = done.row_count + counted.lines
from counted
where done.branch_id = counted.branch_id and done.customer_id = counted.customer_id
returning counted.lines
