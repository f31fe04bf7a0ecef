{#- A name that a till keeps once per language, as JSON: the English one, else the first. A name that is
    no such JSON is itself.

    Args:
        column: the column. -#}
{% macro name_in_english(column) -%}
    {{ return(adapter.dispatch("name_in_english")(column)) }}
{%- endmacro %}

{% macro default__name_in_english(column) -%}
    case
        when {{ column }} like '{{ "{%" }}' then coalesce(
            get_json_object({{ column }}, '$.en_US'),
            map_values(from_json({{ column }}, 'map<string,string>'))[0]
        )
        else {{ column }}
    end
{%- endmacro %}

{% macro postgres__name_in_english(column) -%}
    case
        when {{ column }} like '{{ "{%" }}' and pg_input_is_valid({{ column }}, 'jsonb') then coalesce(
            cast({{ column }} as jsonb) ->> 'en_US',
            (
                select names.value
                from jsonb_each_text(cast({{ column }} as jsonb)) as names
                order by names.key
                limit 1
            )
        )
        else {{ column }}
    end
{%- endmacro %}
