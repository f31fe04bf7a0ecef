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
{%- set last_at = 'max(case when is_bad then happened_at end)' %}
{%- set good_at = 'max(case when is_bad then next_at end)' %}
{%- set gap = dbt.datediff('happened_at', 'coalesce(next_at, newest_at)', 'second') %}
{%- set seconds = dbt.datediff('began_at', 'coalesce(ended_at, seen_at)', 'second') %}
{%- set minutes = '((' ~ seconds ~ ') / 60.0)' %}

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
        lead(readings.happened_at) over ({{ next }}) as next_at,
        max(readings.received_at) over () as newest_at
    from {{ ref('fct_sensor_readings') }} as readings
    inner join {{ ref('dim_devices') }} as devices on readings.device_id = devices.device_id
    left join {{ ref('fct_sensor_baselines') }} as usual
        on
            readings.device_id = usual.device_id
            and cast(readings.happened_at as date) = usual.measured_on

),

-- each reading once for each kind, and whether it is bad
judged as (

    {%- for kind, is_bad, badness in incident_kinds() %}
    {{ 'union all' if not loop.first }}
    select
        *,
        '{{ kind }}' as incident_kind,
        coalesce({{ is_bad }}, false) as is_bad,
        {{ badness }} as badness
    from readings
    {%- endfor %}

),

-- a run of bad readings has the number of the good one before it
numbered as (

    select
        *,
        sum(case when is_bad then 0 else 1 end) over (
            partition by incident_kind, device_id
            order by happened_at, reading_key
            rows unbounded preceding
        ) as run_number
    from judged

),

ranked as (

    select
        *,
        row_number() over (
            partition by incident_kind, device_id, run_number, is_bad
            order by badness desc, happened_at asc, reading_key asc
        ) as place
    from numbered

),

found as (

    select
        incident_kind,
        device_id,
        -- what is stuck begins with the reading before, which has the same value
        min(case when is_bad or incident_kind = 'stuck' then happened_at end) as began_at,
        min(case when is_bad or incident_kind = 'stuck' then business_date end) as business_date,
        {{ last_at }} as seen_at,
        case when {{ good_at }} > {{ last_at }} then {{ good_at }} end as ended_at,
        max(case when is_bad and place = 1 then reading_value end) as worst_value
    from ranked
    group by incident_kind, device_id, run_number
    having max(case when is_bad then 1 else 0 end) = 1
    union all
    select
        'silence' as incident_kind,
        device_id,
        happened_at as began_at,
        business_date,
        newest_at as seen_at,
        next_at as ended_at,
        null as worst_value
    from readings
    where {{ gap }} >= {{ silent_seconds() }}

),

final as (

    select
        -- keys
        {{ dbt.concat(['found.incident_kind', "':'", 'found.device_id', "':'",
            dbt.cast('extract(epoch from found.began_at)', dbt.type_string())]) }} as incident_key,
        found.device_id,
        devices.branch_id,
        found.business_date,

        -- what is wrong
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
