{{ config(materialized='table') }}

{%- set tables = {
    ('pos', 'customers'): ref('base_pos__customers'),
    ('pos', 'products'): ref('base_pos__products'),
    ('pos', 'orders'): ref('base_pos__orders'),
    ('pos', 'order_lines'): ref('base_pos__order_lines'),
    ('pos', 'payments'): ref('base_pos__payments'),
    ('social', 'posts'): ref('base_social__posts'),
    ('tickets', 'tickets'): ref('base_tickets__tickets'),
    ('files', 'stock_counts'): ref('base_files__stock_counts'),
    ('files', 'stock_deliveries'): ref('base_files__stock_deliveries'),
} %}
{% for feed in till_exports() -%}
{% do tables.update({('files', feed): ref('base_exports__' ~ feed)}) %}
{% endfor %}

with

quarantine as (

    select * from {{ ref('quarantine') }}

),

landed as (

    {%- for (source_name, table_name), base in tables.items() %}
    select
        '{{ source_name }}' as source_name,
        '{{ table_name }}' as table_name,
        load_id,
        count(*) as records
    from {{ base }}
    group by load_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

counted as (

    select
        source_name,
        table_name,
        load_id,
        records,
        0 as records_in_quarantine,
        0 as records_held_with_their_order,
        0 as records_released
    from landed

    union all

    select
        source_name,
        table_name,
        load_id,
        0 as records,
        case when released_at is null then 1 else 0 end as records_in_quarantine,
        case when released_at is null and is_held_with_its_order then 1 else 0 end
            as records_held_with_their_order,
        case when released_at is null then 0 else 1 end as records_released
    from quarantine

),

final as (

    select
        -- key
        source_name,
        table_name,
        {{ load_date('load_id') }} as loaded_on,

        -- records
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine,
        sum(records_held_with_their_order) as records_held_with_their_order,
        sum(records_released) as records_released
    from counted
    group by source_name, table_name, {{ load_date('load_id') }}

)

select * from final
