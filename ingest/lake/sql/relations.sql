-- the tables of some schemas: their columns in order, and the columns of their unique index
select
    schemas.nspname as schema_name,
    tables.relname as table_name,
    (
        select
            json_agg(
                json_build_array(columns.attname, format_type(columns.atttypid, columns.atttypmod))
                order by columns.attnum
            )
        from pg_attribute as columns
        where columns.attrelid = tables.oid and columns.attnum > 0 and not columns.attisdropped
    ) as columns,
    (
        select json_agg(columns.attname order by keys.position)
        from (
            select indexes.indkey
            from pg_index as indexes
            where
                indexes.indrelid = tables.oid
                and indexes.indisunique
                and indexes.indpred is null
                and indexes.indexprs is null
            order by indexes.indexrelid
            limit 1
        ) as uniques
        cross join lateral unnest(uniques.indkey) with ordinality as keys (attnum, position)
        inner join pg_attribute as columns
            on columns.attrelid = tables.oid and keys.attnum = columns.attnum
    ) as key
from pg_class as tables
inner join pg_namespace as schemas on tables.relnamespace = schemas.oid
where
    tables.relkind in ('r', 'p')
    -- of a partitioned table the whole, and not its parts besides
    and not tables.relispartition
    and schemas.nspname = any(%(schemas)s)
order by schemas.nspname, tables.relname
