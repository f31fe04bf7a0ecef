{%- set removed_on = dbt.cast('devices.removed_on', 'timestamp') %}
{%- set removed_at = '(' ~ dbt.dateadd('hour', 'branches.cutover_hour', removed_on) ~ ')' %}

with

devices as (select * from {{ ref('devices') }}),

-- a company may load some of its branches only, and have seeds with all
taking_part as (

    select branch_id from {{ ref('int_branches_loaded') }}
    where complete_load_id is not null
    union
    select branch_id from {{ ref('int_sources_loaded') }}

),

final as (

    select
        -- keys
        devices.device_id,
        devices.branch_id,

        -- what it is
        coalesce(devices.name_in_readings, devices.device_id) as name_in_readings,
        devices.value_in_readings,
        coalesce(devices.device_name, devices.device_id) as device_name,
        devices.device_kind,
        devices.metric,
        case when devices.metric = 'temperature' then 'C' else devices.unit end as unit,

        -- when readings are expected of it
        taking_part.branch_id is not null as is_expected,
        devices.installed_on,
        devices.removed_on,
        {{ utc_time(removed_at, 'branches.time_zone') }} as removed_at,

        -- what is allowed
        devices.lowest_value,
        devices.highest_value,
        devices.minutes_allowed,
        devices.expected_seconds,
        devices.is_steady,

        -- what is at stake
        devices.contents_cost,
        devices.responsible
    from devices
    inner join {{ ref('dim_branches') }} as branches on devices.branch_id = branches.branch_id
    left join taking_part on devices.branch_id = taking_part.branch_id

)

select * from final
