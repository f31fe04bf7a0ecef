{#- What a build reads of the sources that land also while it runs: the loads that were complete when it
    began. The views of staging look it up here; the schema live is of what came later. -#}

{#- Before a run that builds: remember up to which load each system is complete. -#}
{% macro pin_loads() -%}
    {%- if execute and flags.WHICH in ("build", "run", "retry") and target.name != "live" -%}
        {%- set pins = schema_prefix() ~ "audit.pinned_loads" -%}
        create schema if not exists {{ schema_prefix() }}audit;
        create table if not exists {{ pins }} (
            source_name text primary key,
            load_id text not null,
            pinned_at timestamp with time zone not null default clock_timestamp()
        );
        {%- for name in var("systems") if adapter.get_relation(
            target.database, "raw_" ~ name, "_dlt_loads"
        ) %}
        insert into {{ pins }} (source_name, load_id)
        select '{{ name }}', max(load_id) from raw_{{ name }}._dlt_loads
        where status = 0
        having count(*) > 0
        on conflict (source_name) do update
        set load_id = excluded.load_id, pinned_at = clock_timestamp();
        {%- endfor %}
        {%- if "streams" in var("systems") %}
        -- no log is written of it: after a crash it is empty, and live reads the messages
        create unlogged table if not exists {{ recent_events() }} (
            load_id text not null,
            stream text not null,
            branch_id text,
            visitor text not null,
            event_type text,
            received_at timestamp with time zone not null
        );
        create index if not exists recent_events_load on {{ recent_events() }} (load_id);
        -- what nobody follows any more
        delete from {{ recent_events() }} where load_id <= {{ load_of_seconds_ago(360) }};
        {%- endif %}
        commit
    {%- endif -%}
{%- endmacro %}

{#- The events of the last minutes that `mypizza follow` has taken apart, so that live need not do it for
    each query: by load, up to the newest that it has. -#}
{% macro recent_events() -%} {{ schema_prefix() }}audit.recent_events {%- endmacro %}

{#- SQL of the load id that a load of so many seconds ago would have, with which an index begins.

    Args:
        seconds: how long ago. -#}
{% macro load_of_seconds_ago(seconds) -%}
    {{ dbt.cast("extract(epoch from " ~ dbt.current_timestamp() ~ ") - " ~ seconds, dbt.type_string()) }}
{%- endmacro %}

{#- SQL of the load up to which a system is read by builds; all of it, before the first build.

    Args:
        name: the system. -#}
{% macro pinned_load(name) -%}
    {{ return(adapter.dispatch("pinned_load")(name)) }}
{%- endmacro %}

{% macro default__pinned_load(name) -%} '9' {%- endmacro %}

{% macro postgres__pinned_load(name) -%}
    coalesce((
        select pins.load_id from {{ schema_prefix() }}audit.pinned_loads as pins
        where pins.source_name = '{{ name }}'
    ), '9')
{%- endmacro %}

{#- The load of this build's pin, as a literal: what live shows has come after it.

    Args:
        name: the system. -#}
{% macro published_load(name) -%}
    {#- asked of the database: dbt's cache is from before the hook that makes the table -#}
    {%- set pins = "to_regclass('" ~ schema_prefix() ~ "audit.pinned_loads')" -%}
    {%- set is_there = execute and run_query("select " ~ pins ~ " is not null")[0][0] -%}
    {%- set found = run_query("select " ~ pinned_load(name))[0][0] if is_there else "9" -%}
    {{ return("'" ~ found ~ "'") }}
{%- endmacro %}

{#- The condition that who asks may see a branch's rows of a view of live: all for a reader, for a
    branch manager those of the branches whose role he has.

    Args:
        branch_id: SQL of the branch. -#}
{% macro may_see(branch_id) -%}
    (
        pg_has_role('reader', 'usage')
        or pg_has_role('transformer', 'usage')
        or {{ branch_id }} = any ({{ own_branches() }})
    )
{%- endmacro %}

{#- After a view of live was made: whose rights count in it, and who may read it. -#}
{% macro open_live_view() -%}
    alter view {{ this }} set (security_barrier = true);
    grant select on {{ this }} to reader, branch_manager
{%- endmacro %}
