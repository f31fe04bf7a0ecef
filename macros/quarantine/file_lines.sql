{#- What the base models of files share: a record is a line of a file. -#}

{#- The key of a line: its file and its number. -#}
{% macro line_key() -%}
    {{ dbt.concat(["_file_name", "':'", dbt.cast("_line_number", api.Column.translate_type("string"))]) }}
{%- endmacro %}

{#- What is wrong with a line. One that does not fit its file's header has no columns to judge.

    Args:
        checks: as for `row_errors`. -#}
{% macro line_errors(checks) -%}
    {%- set number = dbt.cast("_line_number", api.Column.translate_type("string")) -%}
    {%- set misfit = dbt.concat(
        ["'line '", number, "' of '", "_file_name", "' does not fit the header of the file'"]
    ) -%}
    case
        when _reject is not null then {{ row_errors([misfit]) }}
        else {{ row_errors(checks) }}
    end
{%- endmacro %}

{#- The day that a file's name begins with, as YYYY-MM-DD; null where there is no such day. -#}
{% macro file_date() -%}
    {%- set name = "regexp_substr(_file_name, '(^|/)[0-9]{4}-[0-9]{2}-[0-9]{2}(?=[^/0-9][^/]*$)')" -%}
    {{ dbt.safe_cast("trim(leading '/' from " ~ name ~ ")", "date") }}
{%- endmacro %}

{#- The reason that a file's name gives no day of the business. -#}
{% macro file_without_a_day() -%}
    {%- set first_day = "cast('" ~ var("calendar_starts_on") ~ "' as date)" -%}
    case
        when {{ file_date() }} is null
            then {{ quoted("_file_name", "does not begin with a day that exists, as YYYY-MM-DD") }}
        when {{ file_date() }} > {{ dbt.dateadd("day", 1, dbt.current_timestamp()) }}
            then {{ quoted("_file_name", "begins with a day in the future") }}
        when {{ file_date() }} < {{ first_day }}
            then {{ quoted("_file_name", "begins with a day before the calendar begins") }}
    end
{%- endmacro %}

{#- The first of the files that say the same: a file that is sent again under another name, or renamed,
    must not count twice.

    Args:
        same: SQL of what two such files have in common; `source` and `files` are at hand. -#}
{% macro first_file(same) -%}
    first_value(source._file_name) over (
        partition by source._deleted_at is null, {{ same }}
        order by files.first_seen_at, source._file_name
    )
{%- endmacro %}
