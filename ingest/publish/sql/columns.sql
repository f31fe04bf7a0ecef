-- All columns that the docs may describe, as one hash.
select
    md5(
        string_agg(
            concat_ws(
                ' ',
                schemas.nspname,
                relations.relname,
                relations.relkind,
                table_columns.attname,
                format_type(table_columns.atttypid, table_columns.atttypmod)
            ),
            e'\n'
            order by schemas.nspname, relations.relname, table_columns.attnum
        )
    ) as column_hash
from pg_attribute as table_columns
inner join pg_class as relations on table_columns.attrelid = relations.oid
inner join pg_namespace as schemas on relations.relnamespace = schemas.oid
where
    table_columns.attnum > 0
    and not table_columns.attisdropped
    and relations.relkind in ('r', 'v', 'm', 'p', 'f')
    and schemas.nspname not in ('information_schema', 'marts_next')
    and schemas.nspname not like 'pg\_%'
    and schemas.nspname not like '%\_staging'
