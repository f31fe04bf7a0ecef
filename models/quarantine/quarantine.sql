{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='quarantine_key',
    on_schema_change='append_new_columns',
    full_refresh=false,
    indexes=[{'columns': ['quarantine_key'], 'unique': true}],
    pre_hook="{{ remember_judgement([
        judged_loads('pos', ref('stg_pos__loads'), 'branch_id'),
        judged_loads('files', ref('stg_files__loads'), 'feed'),
        judged_loads('social', ref('stg_social__loads')),
        judged_loads('tickets', ref('stg_tickets__loads')),
    ]) }}"
) }}

{#- Whatever is judged: a new source adds its base models and its loads here. The records of an
    order stand or fall together; other records stand for themselves. -#}
{%- set records = [
    judged('pos', 'customers', ref('base_pos__customers'), 'customer_key', scope='branch_id'),
    judged('pos', 'products', ref('base_pos__products'), 'product_record_key', scope='branch_id'),
    judged('social', 'posts', ref('base_social__posts'), 'post_id'),
    judged('tickets', 'tickets', ref('base_tickets__tickets'), 'ticket_id'),
    judged('files', 'stock_counts', ref('base_files__stock_counts'), 'stock_count_key',
        scope_value='stock_counts'),
    judged('files', 'stock_deliveries', ref('base_files__stock_deliveries'), 'delivery_line_key',
        scope_value='stock_deliveries'),
] -%}
{%- set records_of_orders = [
    judged('pos', 'orders', ref('base_pos__orders'), 'order_key', scope='branch_id'),
    judged('pos', 'order_lines', ref('base_pos__order_lines'), 'order_line_key', scope='branch_id'),
    judged('pos', 'payments', ref('base_pos__payments'), 'payment_key', scope='branch_id'),
] -%}
{%- for feed in till_exports() -%}
    {%- do records_of_orders.append(judged(
        'files', feed, ref('base_exports__' ~ feed), 'line_key',
        scope_value=feed, is_indexed_by_order=false
    )) -%}
{%- endfor -%}

with waiting as (
    {{ waiting_records(records[0]) }}
),

-- what came since the last publication, or everything where a rule has changed since
bad as (
    {%- for table in records + records_of_orders %}
    {%- set order_id = 'records.order_id' if table in records_of_orders else 'null' %}
    {{ judged_columns(table, order_id) }}
    from {{ table.base }} as records
    where not ({{ is_good() }}) and {{ is_to_judge(table) }}
    union all
    -- what waits, and has no order with which it is looked at again
    {{ judged_columns(table, order_id) }}
    from {{ table.base }} as records
    where
        not ({{ is_good() }})
        and not ({{ is_to_judge(table) }})
        and {{ table.key }} in (
            select waiting.record_key from waiting
            where waiting.order_id is null
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
    {%- for table in records_of_orders %}
    {{ judged_columns(table, 'records.order_id') }}
    from {{ records_of_suspects(table, 'suspect_orders') }} as records
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
        suspects.quarantine_key,
        suspects.source_name,
        suspects.table_name,
        suspects.record_key,
        suspects.branch_id,
        suspects.order_id,
        suspects.load_id,
        suspects.raw_record,
        case
            when {{ is_good('suspects.reasons') }} then {{ held_with_its_order() }}
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
