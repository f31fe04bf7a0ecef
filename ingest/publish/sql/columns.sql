-- All columns that the docs may describe, as one hash.
select
    md5(
        string_agg(
            concat_ws(
                ' ',
                schemas.nspname,
                relations.relname,
                relations.relkind,
                columns.attname,
                format_type(columns.atttypid, columns.atttypmod)
            ),
            e'\n'
            order by schemas.nspname, relations.relname, columns.attnum
        )
    ) as columns
from pg_attribute as columns
inner join pg_class as relations on columns.attrelid = relations.oid
inner join pg_namespace as schemas on relations.relnamespace = schemas.oid
where
    columns.attnum > 0
    and not columns.attisdropped
    and relations.relkind in ('r', 'v', 'm', 'p', 'f')
    and schemas.nspname not in ('information_schema', 'marts_next')
    and schemas.nspname not like all (array['pg\_%', '%\_staging'])
