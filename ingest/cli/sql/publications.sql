select
    publications.publication_id,
    publications.finished_at,
    publications.outcome,
    (select count(*) from jsonb_object_keys(publications.models)) as marts,
    (
        select cast(coalesce(sum(cast(mart.value as bigint)), 0) as bigint)
        from jsonb_each_text(publications.models) as mart
    ) as row_count,
    publications.reason
from audit.publications as publications
order by publications.finished_at desc
limit 5
