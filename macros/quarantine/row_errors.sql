{#- What is wrong with a record, as an array of reasons that a person reads; empty for a good one.
    A record that its source has deleted is not judged any more.

    Args:
        checks: SQL expressions that give a reason or null, from `unreadable`, `missing`, `broken`.
        deleted_at: the column that marks a deleted record. -#}
{% macro row_errors(checks, deleted_at="_deleted_at") -%}
    {{ return(adapter.dispatch("row_errors")(checks, deleted_at)) }}
{%- endmacro %}

{% macro default__row_errors(checks, deleted_at) -%}
    case
        when {{ deleted_at }} is null then filter(array({{ checks | join(", ") }}), x -> x is not null)
        else array()
    end
{%- endmacro %}

{% macro postgres__row_errors(checks, deleted_at) -%}
    case
        when {{ deleted_at }} is not null then cast(array[] as text[])
        else array_remove(
            array[
                {{ checks | join(",\n                ") }}
            ],
            null
        )
    end
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
        text: SQL of what is read, where that is not the column as it landed. -#}
{% macro unreadable(column, type, types={}, optional=false, exact=true, text=none) -%}
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
        when {{ column }} is null then '{{ column }}: is missing'
        {%- endif %}
        when {{ column }} is not null and {{ read }} is null
            then
                {%- if noun == "a number" %}
                case
                    when {{ dbt.safe_cast(text, "numeric") }} is not null
                        then {{ quoted(column, "is too large for " ~ type) }}
                    else {{ quoted(column, "is not a number") }}
                end
                {%- else %} {{ quoted(column, "is not " ~ noun) }}
                {%- endif %}
        {%- if exact and type.startswith("numeric(") %}
        when {{ safe_cast(text, "numeric", types) }} <> {{ read }}
            then {{ quoted(column, "has more places than " ~ type) }}
        {%- endif %}
    end
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

{#- A reason that quotes no value, because the value says something of a person.

    Args:
        condition: SQL that is true where the rule is broken.
        reason: the whole reason, beginning with the column. -#}
{% macro reason_where(condition, reason) -%}
    case when {{ condition }} then '{{ reason }}' end
{%- endmacro %}

{#- Another check, made only where a condition holds. -#}
{% macro only_where(condition, check) -%}
    case when {{ condition }} then {{ check }} end
{%- endmacro %}

{#- A reason: the column, its value in quotation marks, what is wrong with it. -#}
{% macro quoted(column, sentence) -%}
    {%- set value = "substring(" ~ value_as_text(column) ~ ", 1, 100)" -%}
    {{ dbt.concat(["'" ~ column ~ ": '''", value, "''' " ~ sentence ~ "'"]) }}
{%- endmacro %}

{#- A value as a person would write it: a number lands with ten places. -#}
{% macro value_as_text(column) -%}
    {{ return(adapter.dispatch("value_as_text")(column)) }}
{%- endmacro %}

{% macro default__value_as_text(column) -%}
    regexp_replace(cast({{ column }} as string), '([.][0-9]*[1-9])0+$|[.]0+$', '$1')
{%- endmacro %}

{% macro postgres__value_as_text(column) -%}
    regexp_replace(cast({{ column }} as text), '([.][0-9]*[1-9])0+$|[.]0+$', '\1')
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
    {%- set first_day = "cast('" ~ var("calendar_starts_on") ~ "' as date)" -%}
    {%- set tomorrow = dbt.dateadd("day", 1, dbt.current_timestamp()) -%}
    case
        when {{ moment }} > {{ tomorrow }} then {{ quoted(column, "lies in the future") }}
        when {{ moment }} < {{ dbt.dateadd("day", 1, first_day) }}
            then {{ quoted(column, "lies before the calendar begins") }}
    end
{%- endmacro %}

{#- The reason that money is not in the currency of its branch: sums would add up two currencies.

    Args:
        column: the column of the currency. -#}
{% macro foreign_currency(column) -%}
    case
        when {{ column }} is null then '{{ column }}: is missing'
        when not exists (
            select 1
            from (
                select branches.branch_id as trading_branch_id, branches.currency as trading_currency
                from {{ ref("branches") }} as branches
            ) as trading
            where trading_branch_id = branch_id and trading_currency = {{ column }}
        ) then {{ quoted(column, "is not the currency of the branch") }}
    end
{%- endmacro %}

{#- The reason that the record is missing to which this one belongs.

    Args:
        parents: relation with branch_id and the parent's key.
        column: the column that names the parent.
        parent_key: the parent's key, where it is called otherwise. -#}
{% macro without_its_parent(parents, column, parent_key=none) -%}
    case
        when {{ column }} is null then '{{ column }}: is missing'
        when not exists (
            select 1
            from (
                select
                    parents.branch_id as parent_branch_id,
                    parents.{{ parent_key or column }} as parent_id
                from {{ parents }} as parents
            ) as known
            where parent_branch_id = branch_id and parent_id = {{ column }}
        ) then {{ quoted(column, "names no record that has come in") }}
    end
{%- endmacro %}

{#- The reason of a good record whose order is held back. -#}
{% macro held_with_its_order() -%}
    {{ return(adapter.dispatch("reasons")(
        ["held back with its order, of which another record is in quarantine"]
    )) }}
{%- endmacro %}

{#- The one reason that an expression gives. -#}
{% macro one_reason(expression) -%} {{ return(adapter.dispatch("one_reason")(expression)) }} {%- endmacro %}

{% macro default__one_reason(expression) -%} array({{ expression }}) {%- endmacro %}

{% macro postgres__one_reason(expression) -%} array[{{ expression }}] {%- endmacro %}

{% macro default__reasons(sentences) -%}
    array({% for sentence in sentences %}'{{ sentence }}'{% endfor %})
{%- endmacro %}

{% macro postgres__reasons(sentences) -%}
    cast(array[{% for sentence in sentences %}'{{ sentence }}'{% endfor %}] as text[])
{%- endmacro %}
