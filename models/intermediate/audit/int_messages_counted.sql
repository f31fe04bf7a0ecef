{{ config(
    enabled='streams' in var('systems'),
    materialized='incremental',
    incremental_strategy='append',
    unique_key=['stream', 'branch_id', 'load_id'],
    on_schema_change='append_new_columns',
    pre_hook="{{ take_out_events() }}"
) }}

with

-- each message is taken apart once, for its branch. The rules of all base models are compared, so
-- all must be there first. depends_on: {{ ref('quarantine') }}
messages as (

    select
        stream,
        branch_id,
        load_id
    from {{ ref('base_streams__events') }}
    where {{ messages_of_new_loads() }}

),

counted as (

    select
        stream,
        branch_id,
        {{ load_date('load_id') }} as loaded_on,
        max(load_id) as load_id,
        count(*) as records
    from messages
    group by stream, branch_id, {{ load_date('load_id') }}

)

select * from counted
