-- What the publication says of itself, in the comment on the schema.
select obj_description(to_regnamespace('marts'), 'pg_namespace') as publication
