-- All columns that the docs may describe, as one hash.
select
    md5(
        string_agg(
            concat_ws(
                ' ',
                schemas.nspname,
                relations.relname,
                relations.relkind,
                attributes.attname,
                format_type(attributes.atttypid, attributes.atttypmod)
            ),
            e'\n'
            order by schemas.nspname, relations.relname, attributes.attnum
        )
    ) as column_hash
from pg_attribute as attributes
inner join pg_class as relations on attributes.attrelid = relations.oid
inner join pg_namespace as schemas on relations.relnamespace = schemas.oid
where
    attributes.attnum > 0
    and not attributes.attisdropped
    and relations.relkind in ('r', 'v', 'm', 'p', 'f')
    and schemas.nspname not in ('information_schema', 'marts_next')
    and schemas.nspname not like all (array['pg\_%', '%\_staging'])
