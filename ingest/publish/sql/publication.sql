-- Which publication the schema marts is: its comment names it.
select obj_description(to_regnamespace('marts'), 'pg_namespace') as version_id
