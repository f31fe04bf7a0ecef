{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['line_key', 'order_id'],
    on_schema_change='fail',
    full_refresh=false,
    indexes=[
        {'columns': ['line_key', 'order_id'], 'unique': true},
        {'columns': ['branch_id', 'load_id']},
    ]
) }}

with

good_lines as (select * from {{ ref('stg_exports__lines') }}),

held_lines as (

    select * from {{ ref('quarantine') }}
    where
        source_name = 'files'
        and table_name in ('{{ till_exports() | join("', '") }}')
        and released_at is null

),

-- here the ids of exports are the numbers that they are made from
exported as (

    select
        line_key,
        branch_id,
        cast(order_id as bigint) as order_id,
        cast(order_line_id as bigint) as order_line_id,
        load_id
    from good_lines

    union all

    select
        record_key as line_key,
        branch_id,
        cast(order_id as bigint) as order_id,
        {{ hashed_id('record_key') }} as order_line_id,
        load_id
    from held_lines

),

-- a line that cannot be read may name no ticket, and so belongs to no order
lines as (

    select
        *,
        max(load_id) over (partition by branch_id) as newest_load_id
    from exported
    where order_id is not null and branch_id is not null

),

{% if is_incremental() -%}
assigned as (

    select * from {{ this }}

),

known_lines as (
    select distinct line_key from assigned
),

-- A line came to an order with its own load. It went over to another one with whichever load was
-- the cause: its own, or that of a sale to which a refund now belongs.
changed as (

    select
        lines.line_key,
        lines.branch_id,
        lines.order_id,
        lines.order_line_id,
        case
            when known_lines.line_key is null or assigned.is_current then lines.load_id
            else lines.newest_load_id
        end as load_id,
        true as is_current
    from lines
    left join assigned
        on lines.line_key = assigned.line_key and lines.order_id = assigned.order_id
    left join known_lines on lines.line_key = known_lines.line_key
    where not coalesce(assigned.is_current, false) or lines.load_id > assigned.load_id

),

newest as (

    select
        branch_id,
        max(load_id) as newest_load_id
    from lines
    group by branch_id

),

-- The order that a line has left, with the load with which it left, maybe of another branch.
left_behind as (
    select
        {{ key_left_behind() }} as line_key,
        assigned.branch_id,
        assigned.order_id,
        assigned.order_line_id,
        greatest(assigned.load_id, newest.newest_load_id, lines.load_id) as load_id,
        false as is_current
    from assigned
    left join lines on assigned.line_key = lines.line_key
    left join newest on assigned.branch_id = newest.branch_id
    where
        assigned.is_current
        and (
            coalesce(assigned.order_id <> lines.order_id, true)
            or assigned.branch_id <> lines.branch_id
        )
),

final as (

    select * from changed
    union all
    select * from left_behind

)
{%- else -%}
final as (

    select
        line_key,
        branch_id,
        order_id,
        order_line_id,
        load_id,
        true as is_current
    from lines

)
{%- endif %}

select * from final
