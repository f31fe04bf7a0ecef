{#- For the events of streams, which are added to and never change: which messages a build looks at.
    They are those of loads after the newest that it has, by stream, and those that quarantine has
    released since. Where the rules of the quarantine have changed since the last publication, they
    are all. -#}
{% macro events_to_stage() -%}
    {%- if not goes_on() -%} {{ return("1 = 1") }} {%- endif -%}
    {%- set waited = "select load_id from " ~ ref("quarantine")
        ~ " where source_name = 'streams' and released_at is not null" -%}
    {%- set loads, released = [], run_query(waited ~ " group by load_id") -%}
    {%- for row in released -%} {%- do loads.append(sql_text(row[0])) -%} {%- endfor -%}
    (
        {{ messages_of_new_loads() }}
        {%- if loads %}
        or (
            load_id in ({{ loads | join(", ") }})
            and message_id in ({{ waited | replace("load_id", "record_key") }})
        )
        {%- endif %}
    )
{%- endmacro %}

{#- The condition that a message came with a load after the newest of its stream that the relation has;
    all messages, where the rules have changed, or a stream's declaration has. -#}
{% macro messages_of_new_loads() -%}
    {%- if not goes_on() -%} {{ return("1 = 1") }} {%- endif -%}
    {{ is_new_or_unknown(run_query(
        "select stream as scope, max(load_id) as watermark from " ~ this
        ~ " where not (" ~ is_redeclared() ~ ") group by stream"
    ), "stream") }}
{%- endmacro %}

{#- Before events are added, or counted: take out those whose stream is declared to say something else now, or
    all, where the rules have changed. -#}
{% macro take_out_events() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where {{ is_redeclared() if goes_on() else "true" }}
    {%- endif -%}
{%- endmacro %}

{#- The condition that an event's message has been given another load: so are all of a stream, when
    its declaration changes. -#}
{% macro is_redeclared() -%}
    stream in (
        select first_loads.stream
        from (
            select
                newest.stream,
                newest.load_id,
                (
                    select min(messages._dlt_load_id)
                    from {{ source("streams", "messages") }} as messages
                    where
                        messages.stream = newest.stream
                        and (messages.value is not null or messages.value_bytes is not null)
                ) as first_load_id
            from (select stream, max(load_id) as load_id from {{ this }} group by stream) as newest
        ) as first_loads
        where first_loads.load_id < first_loads.first_load_id
    )
{%- endmacro %}

{#- Whether the rules are those by which the events were judged that are there already: those of the
    last publication, and of all builds since. -#}
{% macro goes_on() -%}
    {%- set audit = schema_prefix() ~ "audit" -%}
    {%- if not is_incremental() or flags.FULL_REFRESH
        or not adapter.get_relation(target.database, audit, "judgements") -%}
        {{ return(false) }}
    {%- endif -%}
    {#- this build's quarantine has worked them out already, if it is part of it -#}
    {%- set rules = "coalesce((select min(known.rules) from " ~ audit ~ ".judgements as known"
        ~ " where known.publication_id = '" ~ invocation_id ~ "'), ("
        ~ adapter.dispatch("rules_sql")() ~ "))" -%}
    {{ return(run_query(
        "select coalesce(bool_and(rules = " ~ rules ~ "), false)"
        ~ " from " ~ audit ~ ".judgements where source_name = 'streams' and judged_at >= ("
        ~ "select max(judged_at) from " ~ audit ~ ".judgements where publication_id = ("
        ~ "select publication_id from " ~ audit ~ ".publications"
        ~ " where outcome = 'published' order by finished_at desc limit 1))"
    )[0][0]) }}
{%- endmacro %}
