{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='quarantine_key',
    on_schema_change='append_new_columns',
    full_refresh=false,
    indexes=[{'columns': ['quarantine_key'], 'unique': true}],
    pre_hook="{{ remember_judgement() }}"
) }}

{#- The records of an order stand or fall together; all others are judged one by one. -#}
{%- set tables, judgement = judged_tables(), last_judgement() %}
{%- set told = ['quarantine_key', 'source_name', 'table_name', 'record_key', 'branch_id',
    'order_id', 'happened_at', 'load_id', 'raw_record'] %}
{%- set held = reasons(["'held back with its order, of which another record is in quarantine'"]) %}

with waiting as (
    {%- if is_incremental() %}
    select
        {{ told | join(', ') }},
        reasons,
        is_held_with_its_order,
        quarantined_at
    from {{ this }}
    where released_at is null
    {%- else %}
    select
        *,
        false as is_held_with_its_order,
        {{ dbt.current_timestamp() }} as quarantined_at
    from (
        {{ judged_columns(tables[0]) }}
        from {{ tables[0].base }} as records
    ) as no_record
    where 1 = 0
    {%- endif %}
),

-- what came since the last publication, or everything where a rule has changed since
bad as (
    {%- for table in tables %}
    {{ judged_columns(table) }}
    from {{ table.base }} as records
    where not ({{ is_good() }}) and {{ is_to_judge(table, judgement) }}
    union all
    -- what waits, and has no order with which it is looked at again
    {{ judged_columns(table) }}
    from {{ table.base }} as records
    where
        not ({{ is_good() }})
        and not ({{ is_to_judge(table, judgement) }})
        and {{ table.key }} in (
            select waiting.record_key from waiting
            where waiting.order_id is null
        )
        -- by itself this saves the reading of a source of which nothing waits
        and exists (
            select 1 from waiting
            where waiting.order_id is null and waiting.source_name = '{{ table.source }}'
        )
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

suspect_orders as (
    select
        branch_id,
        order_id
    from bad
    where order_id is not null
    union
    select
        branch_id,
        order_id
    from waiting
    where order_id is not null
),

suspects as (
    {%- for table in tables if table.part_of_order %}
    {{ judged_columns(table) }}
    {%- if table.part_of_order == 'indexed' %}
    from {{ looked_up(table.base, 'suspect_orders', by=['branch_id', 'order_id']) }} as records
    {%- else %}
    from {{ table.base }} as records
    inner join suspect_orders
        on
            records.branch_id = suspect_orders.branch_id
            and cast(records.order_id as {{ dbt.type_string() }}) = suspect_orders.order_id
    {%- endif %}
    where records.deleted_at is null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

held_orders as (
    select distinct
        branch_id,
        order_id
    from suspects
    where not ({{ is_good('reasons') }})
),

quarantined as (
    select
        *,
        false as is_held_with_its_order
    from bad
    where order_id is null
    union all
    select
        suspects.{{ told | join(', suspects.') }},
        case
            when {{ is_good('suspects.reasons') }} then {{ held }}
            else suspects.reasons
        end as reasons,
        {{ is_good('suspects.reasons') }} as is_held_with_its_order
    from suspects
    inner join held_orders
        on suspects.branch_id = held_orders.branch_id and suspects.order_id = held_orders.order_id
),

final as (
    select
        quarantined.*,
        coalesce(waiting.quarantined_at, {{ dbt.current_timestamp() }}) as quarantined_at,
        cast(null as timestamp with time zone) as released_at
    from quarantined
    left join waiting on quarantined.quarantine_key = waiting.quarantine_key
    union all
    select
        waiting.*,
        {{ dbt.current_timestamp() }} as released_at
    from waiting
    left join quarantined on waiting.quarantine_key = quarantined.quarantine_key
    where quarantined.quarantine_key is null
)

select * from final
