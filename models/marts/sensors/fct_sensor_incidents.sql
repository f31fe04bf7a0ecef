{%- set since = sensors_kept_since(ref('fct_sensor_readings'), hours=192) %}
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="incident_key",
    on_schema_change="fail",
    pre_hook="{{ take_out_measured(ref('fct_sensor_readings'), 192, 'ended_at') }}"
) }}
{%- set next = 'partition by readings.device_id order by happened_at, reading_key' %}
{%- set change = 'readings.reading_value - lag(readings.reading_value) over (' ~ next ~ ')' %}
{%- set until = 'least(coalesce(next_at, newest_at), left_at)' %}
{%- set gap = dbt.datediff('happened_at', until, 'second') %}
{%- set minutes = '((' ~ dbt.datediff('began_at', 'coalesce(ended_at, seen_at)', 'second')
    ~ ') / 60.0)' %}

with

readings as (

    select
        readings.*,
        devices.expected_seconds,
        greatest(
            devices.lowest_value - readings.reading_value,
            readings.reading_value - devices.highest_value
        ) as beyond,
        devices.is_steady,
        abs(readings.reading_value - usual.usual_value) / usual.usual_spread as distance,
        abs({{ change }} - usual.usual_change) / usual.usual_change_spread as leap,
        lag(readings.said_value) over ({{ next }}) as said_before,
        lag(readings.happened_at) over ({{ next }}) as before_at,
        lag(readings.business_date) over ({{ next }}) as date_before,
        row_number() over ({{ next }}) as place_in_time,
        lead(readings.happened_at) over ({{ next }}) as next_at,
        max(readings.received_at) over () as newest_at,
        case
            when devices.removed_at <= max(readings.received_at) over () then devices.removed_at
        end as left_at
    from {{ ref('fct_sensor_readings') }} as readings
    inner join {{ ref('dim_devices') }} as devices on readings.device_id = devices.device_id
    left join {{ ref('fct_sensor_baselines') }} as usual
        on
            readings.device_id = usual.device_id
            and cast(readings.happened_at as date) = usual.measured_on

),

-- what is stuck begins with the reading before, which has the same value
bad as (

    {%- for kind, is_bad, badness in incident_kinds() %}
    {{ 'union all' if not loop.first }}
    select
        *,
        '{{ kind }}' as incident_kind,
        {{ badness }} as badness,
        {{ 'before_at' if kind == 'stuck' else 'happened_at' }} as began_at,
        {{ 'date_before' if kind == 'stuck' else 'business_date' }} as began_on,
        -- what a reading says holds until the next one, and not through a silence
        case
            when next_at is not null and {{ gap }} >= {{ silent_seconds() }}
                then {{ dbt.dateadd('second', 'expected_seconds', 'happened_at') }}
            else next_at
        end as holds_until
    from readings
    where {{ is_bad }}
    {%- endfor %}

),

-- readings that follow one another are one run
numbered as (

    select
        *,
        place_in_time - row_number() over (
            partition by incident_kind, device_id
            order by place_in_time
        ) as run_number
    from bad

),

ranked as (

    select
        *,
        row_number() over (
            partition by incident_kind, device_id, run_number
            order by badness desc, happened_at asc, reading_key asc
        ) as place
    from numbered

),

found as (

    select
        incident_kind,
        device_id,
        min(began_at) as began_at,
        min(began_on) as business_date,
        max(happened_at) as seen_at,
        case
            when max(holds_until) > max(happened_at) then max(holds_until)
            when max(left_at) > max(happened_at) then max(left_at)
        end as ended_at,
        max(case when place = 1 then reading_value end) as worst_value
    from ranked
    group by incident_kind, device_id, run_number
    union all
    select
        'silence' as incident_kind,
        device_id,
        happened_at as began_at,
        business_date,
        newest_at as seen_at,
        least(next_at, left_at) as ended_at,
        null as worst_value
    from readings
    where {{ gap }} >= {{ silent_seconds() }}

),

final as (
    select
        {{ dbt.concat(['found.incident_kind', "':'", 'found.device_id', "':'",
            dbt.cast('extract(epoch from found.began_at)', dbt.type_string())]) }} as incident_key,
        found.device_id,
        devices.branch_id,
        found.business_date,
        found.incident_kind,
        cast(found.worst_value as numeric(12, 2)) as worst_value,
        cast({{ minutes }} as numeric(12, 1)) as incident_minutes,
        cast(
            case when found.incident_kind = 'out_of_range' then devices.contents_cost end
            as numeric(18, 2)
        ) as contents_cost,
        devices.responsible,
        found.began_at,
        found.ended_at
    from found
    inner join {{ ref('dim_devices') }} as devices on found.device_id = devices.device_id
    where
        {{ is_long_enough('found', minutes) }}
        and coalesce(found.ended_at >= {{ since or 'found.ended_at' }}, true)

)

select * from final
