{#- What is wrong with a record, as an array of reasons that a person reads; empty for a good one.
    A record that its source has deleted is not judged any more.

    Args:
        checks: SQL expressions that give a reason or null, from `unreadable`, `missing`, `broken`. -#}
{% macro row_errors(checks) -%}
    case when _deleted_at is null then {{ reasons(checks) }} else {{ reasons([]) }} end
{%- endmacro %}

{#- Those of some reasons that are not null, as an array. -#}
{% macro reasons(checks) -%} {{ return(adapter.dispatch("reasons")(checks)) }} {%- endmacro %}

{% macro default__reasons(checks) -%}
    filter(array({{ checks | join(", ") }}), x -> x is not null)
{%- endmacro %}

{% macro postgres__reasons(checks) -%}
    array_remove(cast(array[
        {{ checks | join(",\n        ") }}
    ] as text[]), null)
{%- endmacro %}

{#- The condition that nothing is wrong with a record. -#}
{% macro is_good(errors="_errors") -%}
    {{ return(adapter.dispatch("is_good")(errors)) }}
{%- endmacro %}

{% macro default__is_good(errors) -%} size({{ errors }}) = 0 {%- endmacro %}

{% macro postgres__is_good(errors) -%} {{ errors }} = '{}' {%- endmacro %}

{#- The reason why a column that must have a value has none, or has one that cannot be read.

    Args:
        column: the column.
        type: the type that it is read as.
        types: the types that the columns have, from `column_types`.
        optional: whether it may be empty.
        exact: whether a number with more places than the type has is an error, and not rounded.
        text: SQL of what is read, where that is not the column as it landed: a cell of a file, which
            is empty where nothing was given. -#}
{% macro unreadable(column, type, types={}, optional=false, exact=true, text=none) -%}
    {%- set given = filled(column) if text else column -%}
    {%- set text = text or column -%}
    {%- set read = safe_cast(text, type, types) -%}
    {%- set nouns = {
        "integer": "a whole number", "bigint": "a whole number", "date": "a date",
        "timestamp with time zone": "a time", "timestamp without time zone": "a time",
        "boolean": "true or false", "json": "JSON",
    } -%}
    {%- set noun = nouns.get(type, "a number") -%}
    case
        {%- if not optional %}
        when {{ given }} is null then '{{ column }}: is missing'
        {%- endif %}
        {%- if noun == "a number" %}
        when {{ read }} is null and {{ dbt.safe_cast(text, "numeric") }} is not null
            then {{ quoted(column, "is too large for " ~ type) }}
        {%- endif %}
        when {{ given }} is not null and {{ read }} is null
            then {{ quoted(column, "is not " ~ noun) }}
        {%- if exact and type.startswith("numeric(") %}
        when {{ safe_cast(text, "numeric", types) }} <> {{ read }}
            then {{ quoted(column, "has more places than " ~ type) }}
        {%- endif %}
    end
{%- endmacro %}

{#- The reason that a count is no whole number, or is below 0. An empty cell is 0.

    Args:
        column: the column; the query has it as text that SQL can read, as <name>_text. -#}
{% macro wrong_count(column, type="integer") -%}
    coalesce(
        {{ unreadable(column, type, optional=true, text=column ~ "_text") }},
        {{ broken(column, safe_cast(column ~ "_text", type) ~ " < 0", "is below 0") }}
    )
{%- endmacro %}

{#- The reason that a column which must have a value has none. -#}
{% macro missing(column) -%}
    case when {{ column }} is null then '{{ column }}: is missing' end
{%- endmacro %}

{#- The reason that a value breaks a rule of the business.

    Args:
        column: the column whose value is named.
        condition: SQL that is true where the rule is broken.
        sentence: how the reason goes on after the value, for example "is not above 0". -#}
{% macro broken(column, condition, sentence) -%}
    case when {{ condition }} then {{ quoted(column, sentence) }} end
{%- endmacro %}

{#- The reason that a value is none of those that there are.

    Args:
        column: the column.
        values: what it may be.
        optional: whether it may be empty.
        told: whether the reason quotes the value: free text may say something of a person. -#}
{% macro one_of(column, values, optional=false, told=true) -%}
    {%- set given = filled(column) if optional else column -%}
    {%- set sentence = "is not one of " ~ values | join(", ") -%}
    case
        {%- if not optional %}
        when {{ column }} is null then '{{ column }}: is missing'
        {%- endif %}
        when {{ given }} not in ('{{ values | join("', '") }}')
            then {{ quoted(column, sentence) if told else "'" ~ column ~ ": " ~ sentence ~ "'" }}
    end
{%- endmacro %}

{#- The reason that a time which a record may lack cannot be read, lies before another one, or lies in
    the future. Both were read as <name>_read.

    Args:
        column: the column.
        begin: the column of the earlier time. -#}
{% macro moment_after(column, begin) -%}
    case
        when {{ filled(column) }} is not null and {{ column }}_read is null
            then {{ quoted(column, "is no time") }}
        when {{ column }}_read < {{ begin }}_read
            then {{ quoted(column, "lies before " ~ begin) }}
        when {{ column }}_read > {{ tomorrow() }} then {{ quoted(column, "lies in the future") }}
    end
{%- endmacro %}

{#- A reason that quotes no value, because the value says something of a person.

    Args:
        condition: SQL that is true where the rule is broken.
        reason: the whole reason, beginning with the column. -#}
{% macro reason_where(condition, reason) -%}
    case when {{ condition }} then '{{ reason }}' end
{%- endmacro %}

{#- A reason: the column, its value in quotation marks, what is wrong with it. Without a value that is
    what is wrong. -#}
{% macro quoted(column, sentence) -%}
    {%- set value = "substring(" ~ adapter.dispatch("value_as_text")(column) ~ ", 1, 100)" -%}
    coalesce(
        {{ dbt.concat(["'" ~ column ~ ": '''", value, "''' " ~ sentence ~ "'"]) }},
        '{{ column }}: is missing'
    )
{%- endmacro %}

{#- A value as a person would write it: a number lands with ten places, a text as it is written. -#}
{% macro default__value_as_text(column) -%}
    case
        when typeof({{ column }}) = 'string' then cast({{ column }} as string)
        else regexp_replace(cast({{ column }} as string), '([.][0-9]*[1-9])0+$|[.]0+$', '$1')
    end
{%- endmacro %}

{% macro postgres__value_as_text(column) -%}
    case
        when cast(pg_typeof({{ column }}) as text) in ('text', 'character varying')
            then cast({{ column }} as text)
        else regexp_replace(cast({{ column }} as text), '([.][0-9]*[1-9])0+$|[.]0+$', '\1')
    end
{%- endmacro %}

{#- A record as JSON text, as its source sent it: the columns that are named, and no others. What is
    new at a source may say something of a person.

    Args:
        relation: the name under which the query knows the record.
        columns: the columns; one that the source does not have is left out. -#}
{% macro raw_record(relation, columns) -%}
    {{ return(adapter.dispatch("raw_record")(relation, columns)) }}
{%- endmacro %}

{% macro default__raw_record(relation, columns) -%}
    to_json(struct({{ relation }}.{{ columns | join(", " ~ relation ~ ".") }}))
{%- endmacro %}

{% macro postgres__raw_record(relation, columns) -%}
    cast((
        select jsonb_object_agg(field.key, field.value)
        from jsonb_each(to_jsonb({{ relation }})) as field
        where field.key in ('{{ columns | join("', '") }}')
    ) as text)
{%- endmacro %}

{#- The reason that a time cannot be one of the business: before the calendar begins, or later than
    any clock can be wrong.

    Args:
        column: the column of the time.
        type: the type that it is read as.
        types: the types that the columns have, from `column_types`.
        moment: SQL of the time, where the column itself is not all of it. -#}
{% macro outside_the_calendar(column, type=none, types={}, moment=none) -%}
    {%- set moment = moment or safe_cast(column, type, types) -%}
    case
        when {{ moment }} > {{ tomorrow() }} then {{ quoted(column, "lies in the future") }}
        when {{ moment }} < {{ second_day() }}
            then {{ quoted(column, "lies before the calendar begins") }}
    end
{%- endmacro %}

{#- The condition that a moment lies in the future, or before the calendar begins. -#}
{% macro is_outside_the_calendar(moment) -%}
    ({{ moment }} > {{ tomorrow() }} or {{ moment }} < {{ second_day() }})
{%- endmacro %}

{#- The moment after which a record is of the future: clocks differ, and days begin in the east. -#}
{% macro tomorrow() -%}
    {{ dbt.dateadd("day", 1, dbt.current_timestamp()) }}
{%- endmacro %}

{#- The moment before which a record is of no day of the calendar, in any time zone. -#}
{% macro second_day() -%}
    {%- set first_day = "cast('" ~ var("calendar_starts_on") ~ "' as date)" -%}
    {{ dbt.dateadd("day", 1, first_day) }}
{%- endmacro %}

{#- The reason that money is not in the currency of its branch: sums would add up two currencies.

    Args:
        column: the column of the currency. -#}
{% macro foreign_currency(column) -%}
    {{ without_its_parent(
        ref("branches"), column, "currency", "is not the currency of the branch"
    ) }}
{%- endmacro %}

{#- The reason that the record is missing to which this one belongs.

    Args:
        parents: relation with branch_id and the column.
        column: the column that names the parent.
        parent_column: its name in the relation, where that is another one.
        sentence: how the reason goes on. -#}
{% macro without_its_parent(
    parents, column, parent_column=none, sentence="names no record that has come in"
) -%}
    case
        when {{ column }} is null then '{{ column }}: is missing'
        when not exists (
            select 1
            from (
                select branch_id, {{ parent_column or column }} from {{ parents }}
            ) as known (parent_branch_id, parent_id)
            where parent_branch_id = branch_id and parent_id = {{ column }}
        ) then {{ quoted(column, sentence) }}
    end
{%- endmacro %}
