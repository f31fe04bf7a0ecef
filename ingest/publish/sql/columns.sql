-- All columns that the docs may describe, as one hash.
select
    md5(
        string_agg(
            concat_ws(
                ' ',
                namespaces.nspname,
                described.relname,
                described.relkind,
                table_columns.attname,
                format_type(table_columns.atttypid, table_columns.atttypmod)
            ),
            e'\n'
            order by namespaces.nspname, described.relname, table_columns.attnum
        )
    ) as column_hash
from pg_attribute as table_columns
inner join pg_class as described on table_columns.attrelid = described.oid
inner join pg_namespace as namespaces on described.relnamespace = namespaces.oid
where
    table_columns.attnum > 0
    and not table_columns.attisdropped
    and described.relkind in ('r', 'v', 'm', 'p', 'f')
    and namespaces.nspname not in ('information_schema', 'marts_next', 'live_next')
    and namespaces.nspname not like 'pg\_%'
    and namespaces.nspname not like '%\_staging'
