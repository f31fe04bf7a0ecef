-- Let a login read the marts as it is asked for now. The caller sets, for this transaction,
-- mypizza.login (which exists) and mypizza.roles (those it is to have, with commas between).
do $reader$
declare
    login text := current_setting('mypizza.login');
    wanted text[] := string_to_array(current_setting('mypizza.roles'), ',');
    reader_role text;
begin
    for reader_role in
        select readers.rolname
        from pg_auth_members as memberships
        inner join pg_roles as readers on memberships.roleid = readers.oid
        where
            memberships.member = to_regrole(quote_ident(login))
            and readers.rolname <> all (wanted)
            and (
                readers.rolname = 'reader'
                or pg_has_role(readers.oid, 'branch_manager', 'member')
            )
    loop
        execute format('revoke %I from %I', reader_role, login);
    end loop;
    foreach reader_role in array wanted loop
        execute format('grant %I to %I', reader_role, login);
    end loop;
    -- Tools that show the tables of the search path show the marts.
    execute format(
        'alter role %I in database %I set search_path to marts', login, current_database()
    );
    begin
        -- A large sort must not fill the disk.
        execute format('alter role %I set temp_file_limit to %L', login, '4GB');
    exception when insufficient_privilege then
        raise notice 'only a superuser can limit how much disk the sorts of % take', login;
    end;
end
$reader$;
