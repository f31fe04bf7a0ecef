-- What the publication says of itself, in the comment on the schema.
select substring(
    obj_description(to_regnamespace('marts'), 'pg_namespace') from ', (.*)$'
) as publication
