select
    set_config(
        'role', case when pg_has_role('reader', 'set') then 'reader' else 'none' end, false
    ) as role_name
