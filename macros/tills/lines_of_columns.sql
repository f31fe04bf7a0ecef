{#- The lines of a wide export, whose products have a column each: to select from, once for each product
    that a row has a quantity of: an empty cell, a dash or 0 is none. Adds article, quantity, unit_price
    (none without a price), line_part and is_first_part: what the row has once, the model gives there
    alone. A row without any product stays, as one line without an article.

    Args:
        relation: the source.
        products: the columns, each with the product's name, and its price as the dialect writes it. -#}
{% macro lines_of_columns(relation, products) -%}
    {%- set sold = {} -%}
    {%- for column in products -%}
        {%- set cell = "translate(" ~ plain_signs("landed." ~ adapter.quote(column))
            ~ ", '0-.,()', '')" -%}
        {%- do sold.update({column: filled(cell)}) -%}
    {%- endfor -%}
    (
        {%- set before = [] %}
        {%- for column, product in products.items() %}
        {%- set name, price = [product, none] if product is string else product %}
        select
            landed.*,
            cast('{{ name | replace("'", "''") }}' as {{ dbt.type_string() }}) as article,
            landed.{{ adapter.quote(column) }} as quantity,
            cast({{ "'" ~ price ~ "'" if price is not none else "null" }} as {{ dbt.type_string() }})
                as unit_price,
            {{ loop.index }} as line_part,
            {{ "coalesce(" ~ before | join(", ") ~ ") is null" if before else "true" }} as is_first_part
        from {{ relation }} as landed
        where {{ sold[column] }} is not null
        union all
        {%- do before.append(sold[column]) %}
        {%- endfor %}
        select
            landed.*,
            cast(null as {{ dbt.type_string() }}) as article,
            cast(null as {{ dbt.type_string() }}) as quantity,
            cast(null as {{ dbt.type_string() }}) as unit_price,
            0 as line_part,
            true as is_first_part
        from {{ relation }} as landed
        where coalesce({{ sold.values() | join(", ") }}) is null
    )
{%- endmacro %}
