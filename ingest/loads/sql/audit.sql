-- What ingest writes down: each load, each comparison, each erasure.
create schema if not exists audit;

create table if not exists audit.loads (
    run_id text primary key,
    source text not null,
    branch_id text,
    kind text not null,
    load_id text,
    started_at timestamptz not null,
    finished_at timestamptz,
    seconds numeric,
    row_count bigint,
    outcome text not null,
    error text,
    tables jsonb
);

create table if not exists audit.reconciliation (
    source text not null,
    branch_id text not null,
    business_date date not null,
    figure text not null,
    reconciled_at timestamptz not null,
    run_id text,
    at_till numeric not null,
    in_raw numeric not null,
    difference numeric not null,
    is_healed boolean,
    is_open_day boolean not null,
    primary key (source, branch_id, business_date, figure)
);

create table if not exists audit.erasures (
    branch_id text not null,
    customer_id text not null,
    requested_at timestamptz not null default clock_timestamp(),
    erased_at timestamptz,
    applied_load_id text,
    row_count bigint not null default 0,
    primary key (branch_id, customer_id)
);
alter table audit.erasures add column if not exists ticket_ids bigint[]
not null default cast(array[] as bigint[]);

-- a till's own key of a person, of any type; older warehouses had numbers only
do $$
begin
    if exists (
        select 1
        from information_schema.columns
        where
            table_schema = 'audit'
            and table_name = 'erasures'
            and column_name = 'customer_id'
            and data_type = 'bigint'
    ) then
        alter table audit.erasures alter column customer_id type text;
    end if;
end
$$;

create table if not exists audit.till_branches (
    source text not null,
    till_id text not null,
    branch_id text not null,
    branch_value text,
    primary key (source, till_id, branch_id)
);
alter table audit.till_branches add column if not exists removed_at timestamptz;

-- the process that follows the sources, or did last
create table if not exists audit.following (
    process text not null,
    started_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    stopped_at timestamptz
);

-- the incidents of which the webhook was told; the key has kind, device and seconds since 1970
create table if not exists audit.told (
    incident_key text primary key,
    told_at timestamptz not null default clock_timestamp()
);
-- only where they are missing: even so an alter table would wait for readers
do $$
begin
    if not exists (
        select 1
        from pg_attribute
        where attrelid = 'audit.told'::regclass and attname = 'began_at'
    ) then
        alter table audit.told
        add column incident_kind text
        generated always as (substring(incident_key from '^[^:]*')) stored,
        add column device_id text
        generated always as (substring(incident_key from '^[^:]*:(.*):[^:]*$')) stored,
        add column began_at timestamptz
        generated always as (
            to_timestamp(cast(substring(incident_key from ':([0-9.]+)$') as double precision))
        ) stored;
    end if;
end
$$;

-- A load that "runs" and whose lock nobody holds has no process any more.
update audit.loads
set
    outcome = 'interrupted',
    finished_at = now(),
    error = 'The process ended before the load did.'
where
    outcome = 'running'
    and not exists (
        select 1
        from pg_locks as held
        where
            held.locktype = 'advisory'
            and held.granted
            and held.classid = cast({key} as oid)
            -- an int4, which pg_locks shows as an unsigned number
            and cast(held.objid as bigint) = cast(hashtext(loads.run_id) as bigint) & 4294967295
    )
