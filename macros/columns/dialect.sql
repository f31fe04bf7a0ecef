{#- How a feed writes numbers and days, as .dlt/config.toml says and raw_files._feeds holds. -#}

{#- A number as text with a point, as any engine reads it. Blanks within it are taken out only where
    they are how the feed separates thousands: '1 5' is a slip of the pen. Nor does a point stand
    where the feed writes a comma.

    Args:
        value: SQL of the text; the query knows the feed's row of `stg_exports__feeds` as `dialect`. -#}
{% macro number_in_dialect(value) -%}
    {%- set blanks = "' \t\r\n\u00a0\u2009\u202f'" -%}
    {%- set amount = "replace(" ~ value ~ ", dialect.currency_sign, '')" -%}
    replace(
        replace(replace(
            case
                when
                    translate(dialect.thousands_separator, {{ blanks }}, '')
                    <> dialect.thousands_separator
                    then translate({{ amount }}, {{ blanks }}, '')
                else trim(both {{ blanks }} from {{ amount }})
            end,
            dialect.thousands_separator, ''
        ), case when dialect.decimal_separator <> '.' then '.' else '' end, '?'),
        dialect.decimal_separator, '.'
    )
{%- endmacro %}

{#- A day as text, year first: the places of the parts are those in the dialect's format. -#}
{% macro date_in_dialect(value) -%}
    {{ dbt.concat([
        "substring(" ~ value ~ ", " ~ dbt.position("'YYYY'", "dialect.date_format") ~ ", 4)", "'-'",
        "substring(" ~ value ~ ", " ~ dbt.position("'MM'", "dialect.date_format") ~ ", 2)", "'-'",
        "substring(" ~ value ~ ", " ~ dbt.position("'DD'", "dialect.date_format") ~ ", 2)",
    ]) }}
{%- endmacro %}

{#- A time of day as text, hours first, by the places of the letters HH24, MI and SS in the dialect's
    format; where it begins with the hour, that may have one digit. Letters behind it, as of a clock
    with PM or a time zone, make it no time. -#}
{% macro time_in_dialect(value) -%}
    {%- set format = "replace(dialect.time_format, 'HH24', 'HH')" -%}
    {%- set padded = (
        "case when substring(" ~ format ~ ", 1, 2) = 'HH' and length(" ~ value ~ ") = length(" ~ format
        ~ ") - 1 then " ~ dbt.concat(["'0'", value]) ~ " else " ~ value ~ " end"
    ) -%}
    {%- set seconds = (
        "case when " ~ dbt.position("'SS'", format) ~ " > 0 then substring(" ~ padded ~ ", "
        ~ dbt.position("'SS'", format) ~ ", 2) else '00' end"
    ) -%}
    {%- set behind = "substring(" ~ padded ~ ", length(" ~ format ~ ") + 1)" -%}
    case when upper({{ behind }}) = lower({{ behind }}) then {{ dbt.concat([
        "substring(" ~ padded ~ ", " ~ dbt.position("'HH'", format) ~ ", 2)", "':'",
        "substring(" ~ padded ~ ", " ~ dbt.position("'MI'", format) ~ ", 2)", "':'",
        seconds,
    ]) }} end
{%- endmacro %}
