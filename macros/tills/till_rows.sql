{#- The rows of a raw table, each with its branch, the currency and the time zone of that, of a system
    whose tills have one branch each. A column of the till with one of these names is called till_<name>.

    Args:
        system: the system.
        table: the raw table. -#}
{% macro till_rows(system, table) -%}
    {%- set added = ["branch_id", "currency", "time_zone"] -%}
    {%- set columns = column_types(source(system, table)).keys() | list %}
    {%- if execute and not columns %}
    {#- the rows of a unit test have the columns of the table, and no name that says which it is -#}
    {%- set landed = api.Relation.create(
        database=target.database, schema="raw_" ~ system, identifier=table
    ) %}
    {%- do columns.extend(column_types(landed)) %}
    {%- endif %}
    (
        select
            {%- if columns | select("in", added) | list %}
            {%- for name in columns %}
            landed.{{ adapter.quote(name) }}
            {%- if name in added %} as till_{{ name }}{% endif %},
            {%- endfor %}
            {%- else %}
            landed.*,
            {%- endif %}
            tills.branch_id,
            tills.currency,
            tills.time_zone
        from {{ source(system, table) }} as landed
        inner join {{ ref("base_audit__till_branches") }} as tills
            on landed.till_id = tills.till_id and tills.source_name = '{{ system }}'
    )
{%- endmacro %}

{#- The columns that every base model adds to a row: its deletion mark, its load, what is wrong
    with it, and what the quarantine may show of it. The rows are called `landed`. NaN or
    infinity in a column that is shown is always wrong: it would spoil the sum of a day.

    Args:
        checks: as for row_errors.
        shown: the raw columns that the quarantine shows. -#}
{% macro judged_by(checks, shown) -%}
    {%- set checks = checks + not_a_number(shown) -%}
    _deleted_at as deleted_at,
    cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,
    {{ row_errors(checks) }} as _errors,
    {{ raw_record("landed", shown) }} as raw_record
{%- endmacro %}

{#- The reason that a value is NaN or infinity, for each column of the model's source that may hold it.

    Args:
        columns: the raw columns. -#}
{% macro not_a_number(columns) -%}
    {%- set found = [] -%}
    {%- if execute and model.sources -%}
        {%- set types = column_types(source(*model.sources[0])) -%}
        {%- for column in columns
            if types.get(column, "").split("(")[0] in ("double precision", "real", "numeric") -%}
            {%- set is_none = "landed." ~ adapter.quote(column) ~ " in ('NaN', 'Infinity', '-Infinity')" -%}
            {%- do found.append(broken(column, is_none, "is not a number")) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- The loads of a system's tills: the whole of base_<system>__dlt_loads. -#}
{% macro till_loads(system) -%} {{ source_loads(system, "till_id") }} {%- endmacro %}

{#- The loads of a system's branches: the whole of stg_<system>__loads. A load of a till is one of each
    of its branches.

    Args:
        system: the system. -#}
{% macro branch_loads(system) -%}
    select
        loads.load_id,
        tills.branch_id,
        loads.is_complete,
        loads.loaded_at
    from {{ ref("base_" ~ system ~ "__dlt_loads") }} as loads
    inner join {{ ref("base_audit__till_branches") }} as tills
        on loads.till_id = tills.till_id and tills.source_name = '{{ system }}'
{%- endmacro %}
