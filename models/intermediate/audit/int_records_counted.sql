{{ config(materialized='table') }}

with

quarantine as (select * from {{ ref('quarantine') }}),

landed as (

    {%- for table in judged_tables() %}
    {%- set is_counted = table.table == 'stream' %}
    select
        '{{ table.source }}' as source_name,
        {{ table.table }} as table_name,
        branch_id,
        load_id,
        {{ 'sum(records)' if is_counted else 'count(*)' }} as records
    from {{ ref('int_messages_counted') if is_counted else table.base }}
    {%- if not is_counted %}
    -- what a source has deleted is no record of it any more
    where deleted_at is null
    {%- endif %}
    group by {{ table.table ~ ', ' if table.table in ('feed', 'stream') }}branch_id, load_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

counted as (

    select
        source_name,
        table_name,
        branch_id,
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
        branch_id,
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
        branch_id,
        {{ load_date('load_id') }} as loaded_on,

        -- records
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine,
        sum(records_held_with_their_order) as records_held_with_their_order,
        sum(records_released) as records_released
    from counted
    group by source_name, table_name, branch_id, {{ load_date('load_id') }}

)

select * from final
