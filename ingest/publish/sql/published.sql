-- Which publication the schema marts is, and whether all of it is there.
select
    obj_description(to_regnamespace('marts'), 'pg_namespace') as version_id,
    (
        select count(*)
        from pg_class
        where relnamespace = to_regnamespace('marts') and relkind in ('r', 'v')
    ) as table_count,
    (
        select outcome
        from audit.publications
        order by finished_at desc
        limit 1
    ) as outcome
