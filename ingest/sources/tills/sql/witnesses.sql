-- Rows spread evenly over all that are known of a branch, with their day.
select
    witness.{key},
    floor(extract(epoch from witness.{moment}) / 86400) as day
from (
    select
        min({key}) as lowest,
        max({key}) as highest
    from {root}
    where branch_id = %(branch)s and _deleted_at is null
) as ends
cross join
    generate_series(
        ends.lowest, ends.highest, greatest((ends.highest - ends.lowest) / %(witnesses)s, 1)
    ) as wanted (key)
cross join lateral (
    select
        {key},
        {moment}
    from {root}
    where branch_id = %(branch)s and _deleted_at is null and {key} >= wanted.key
    order by {key}
    limit 1
) as witness
