-- What a build depends on in the warehouse, beside the rows of the raw layer.
select
    obj_description(to_regnamespace('audit'), 'pg_namespace') as preparation,
    (select md5(string_agg(salt, '')) from restricted.salt) as salt,
    (
        select json_agg(json_build_array(erased.branch_id, erased.customer_id, erased.row_count))
        from (
            select *
            from audit.erasures
            order by branch_id, customer_id
        ) as erased
    ) as erasures,
    (
        select json_agg(json_build_array(compared.*))
        from (
            select
                source,
                branch_id,
                figure,
                count(*) as day_count,
                count(*) filter (where is_open_day) as open_day_count,
                count(*) filter (where is_healed) as healed_day_count,
                sum(abs(difference)) as difference
            from audit.reconciliation
            group by source, branch_id, figure
            order by source, branch_id, figure
        ) as compared
    ) as comparisons,
    (
        select json_agg(json_build_array(latest.*))
        from (
            select distinct on (source, branch_id, tables ->> 'feed')
                source,
                branch_id,
                tables ->> 'feed' as feed,
                outcome
            from audit.loads
            order by
                source asc,
                branch_id asc,
                tables ->> 'feed' asc,
                started_at desc
        ) as latest
    ) as outcomes
