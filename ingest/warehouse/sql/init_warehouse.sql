-- What an administrator prepares once in the warehouse's database, in one transaction; safe to
-- repeat. The caller sets, for this transaction, mypizza.login (the pipeline's login, which exists)
-- and mypizza.branches (the branches' ids, with commas between).

-- Roles: none of them can log in, and none is a superuser.
do $roles$
declare
    wanted text;
    login text := current_setting('mypizza.login');
    managers text[] := array(
        select 'manager_' || branch_id
        from unnest(string_to_array(current_setting('mypizza.branches'), ',')) as branch_id
    );
begin
    foreach wanted in array array['loader', 'transformer', 'reader', 'branch_manager'] || managers
    loop
        if to_regrole(quote_ident(wanted)) is null then
            execute format('create role %I nologin', wanted);
        end if;
    end loop;
    foreach wanted in array managers loop
        if not pg_has_role(wanted, 'branch_manager', 'usage') then
            execute format('grant branch_manager to %I', wanted);
        end if;
    end loop;
    -- reader: what is shown to people is read with no more rights than theirs
    foreach wanted in array array['loader', 'transformer', 'reader'] loop
        if not pg_has_role(login, wanted, 'usage') then
            execute format('grant %I to %I', wanted, login);
        end if;
    end loop;
    -- An administrator who is no superuser must act for both below, and may: he made them.
    foreach wanted in array array['loader', 'transformer'] loop
        if not pg_has_role(wanted, 'set') or not pg_has_role(wanted, 'usage') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
    -- A build waits for long queries on the version it is to rebuild, and names them.
    if not pg_has_role('transformer', 'pg_read_all_stats', 'usage') then
        begin
            grant pg_read_all_stats to transformer;
        exception when insufficient_privilege then
            raise notice 'transformer will not see what other users'' queries say';
        end;
    end if;
end
$roles$;

-- The database: loader makes a schema per source, transformer those of dbt, and dbt's temporary
-- tables. Who may only read comes in, and no further.
do $database$
begin
    execute format(
        'grant connect on database %I to loader, transformer, reader, branch_manager',
        current_database()
    );
    execute format('revoke connect, temporary on database %I from public', current_database());
    execute format('grant create on database %I to loader, transformer', current_database());
    execute format('grant temporary on database %I to loader, transformer', current_database());
end
$database$;
revoke create on schema public from public;

-- Nor may they fill the disk with large objects. Only a superuser can take that right away.
do $large_objects$
begin
    revoke execute on function
        lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
exception when insufficient_privilege then
    raise notice 'any login of this database can make large objects';
end
$large_objects$;

-- What was made before there were roles goes to the role that makes it now.
do $owners$
declare
    login regrole := to_regrole(quote_ident(current_setting('mypizza.login')));
    -- with a developer's prefix, too; whatever else the login may own is none of ours
    ours text := '^raw_|(^|_)(staging|intermediate|snapshots|marts|marts_next|audit)$';
    thing record;
begin
    for thing in
        select
            nspname,
            case when nspname like 'raw\_%' then 'loader' else 'transformer' end as new_owner
        from pg_namespace
        where nspowner = login and nspname ~ ours
    loop
        execute format('alter schema %I owner to %I', thing.nspname, thing.new_owner);
    end loop;
    for thing in
        select
            c.oid::regclass as name,
            case
                when n.nspname like 'raw\_%' then 'loader'
                when c.oid in (to_regclass('audit.loads'), to_regclass('audit.reconciliation'))
                    then 'loader'
                else 'transformer'
            end as new_owner
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where
            c.relowner = login
            and c.relkind in ('r', 'v', 'm')
            and n.nspname ~ ours
    loop
        execute format('alter table %s owner to %I', thing.name, thing.new_owner);
    end loop;
end
$owners$;

-- The audit is written by both; what one writes there, the other reads.
create schema if not exists audit authorization transformer;
grant usage, create on schema audit to loader;
alter default privileges for role transformer in schema audit grant select on tables to loader;
grant select on all tables in schema audit to loader, transformer;

-- transformer reads whatever loader makes, now and later.
alter default privileges for role loader grant usage on schemas to transformer;
alter default privileges for role loader grant select on tables to transformer;
do $raw$
declare
    raw_schema text;
begin
    for raw_schema in
        select nspname from pg_namespace where nspowner = to_regrole('loader')
    loop
        execute format('grant usage on schema %I to transformer', raw_schema);
        execute format('grant select on all tables in schema %I to transformer', raw_schema);
    end loop;
end
$raw$;

-- What holds or hides personal data: for transformer alone. The salt is random unless MYPIZZA_SALT
-- says otherwise; with another one, the same person gets another pseudonym.
create schema if not exists restricted authorization transformer;
create table if not exists restricted.salt (salt text not null);
alter table restricted.salt owner to transformer;
insert into restricted.salt
select concat(gen_random_uuid(), gen_random_uuid())
where not exists (select 1 from restricted.salt);
create or replace function restricted.pseudonym(value text)
returns text
language sql stable parallel safe
as $pseudonym$
    select encode(sha256(convert_to(salt || ':' || value, 'UTF8')), 'hex') from restricted.salt
$pseudonym$;
alter function restricted.pseudonym(text) owner to transformer;
revoke all on function restricted.pseudonym(text) from public;
