{{ config(alias='sensor_incidents', enabled='streams' in var('systems')) }}
{%- set next = 'partition by readings.device_id order by readings.happened_at, reading_key' %}
{%- set change = 'readings.reading_value - lag(readings.reading_value) over (' ~ next ~ ')' %}
{%- set minutes = '((' ~ dbt.datediff('began_at', 'seen_at', 'second') ~ ') / 60.0)' %}

with

-- these are the devices of who asks, and so are their incidents
devices as (select * from {{ ref('live_devices') }}),

usual as (

    select
        *,
        row_number() over (partition by device_id order by measured_on desc) as place_from_last
    from {{ ref('fct_sensor_baselines') }}

),

readings as (

    select
        readings.*,
        greatest(
            devices.lowest_value - readings.reading_value,
            readings.reading_value - devices.highest_value
        ) as beyond,
        devices.is_steady,
        devices.expected_seconds,
        abs(readings.reading_value - usual.usual_value) / usual.usual_spread as distance,
        abs({{ change }} - usual.usual_change) / usual.usual_change_spread as leap,
        lag(readings.said_value) over ({{ next }}) as said_before,
        lag(readings.happened_at) over ({{ next }}) as before_at
    from {{ ref('live_sensor_readings') }} as readings
    inner join devices on readings.device_id = devices.device_id
    left join usual on readings.device_id = usual.device_id and usual.place_from_last = 1

),

judged as (

    {%- for kind, is_bad, _ in incident_kinds() %}
    {{ 'union all' if not loop.first }}
    select
        *,
        '{{ kind }}' as incident_kind,
        coalesce({{ is_bad }}, false) as is_bad
    from readings
    {%- endfor %}

),

placed as (

    select
        *,
        max(case when not is_bad then happened_at end)
            over (partition by incident_kind, device_id) as good_at
    from judged

),

-- what is bad since the last good reading; what is stuck begins with that one, which has its value
found as (

    select
        incident_kind,
        device_id,
        coalesce(max(case when incident_kind = 'stuck' then good_at end), min(happened_at))
            as began_at,
        max(happened_at) as seen_at,
        max(good_at) as good_at
    from placed
    where is_bad and happened_at > coalesce(good_at, cast('2000-01-01' as date))
    group by incident_kind, device_id
    union all
    select
        'silence' as incident_kind,
        device_id,
        happened_at as began_at,
        {{ dbt.current_timestamp() }} as seen_at,
        happened_at as good_at
    from devices
    -- of one that never said anything nobody knows since when
    where is_silent and happened_at is not null

),

-- one that began more than a day ago is known by its beginning
known as (

    select
        incident_kind,
        device_id,
        min(began_at) as began_at
    from {{ ref('fct_sensor_incidents') }}
    where ended_at is null
    group by incident_kind, device_id

),

lasts as (

    select
        found.incident_kind,
        found.device_id,
        coalesce(known.began_at, found.began_at) as began_at,
        found.seen_at
    from found
    left join known
        on
            found.incident_kind = known.incident_kind
            and found.device_id = known.device_id
            and known.began_at >= coalesce(found.good_at, known.began_at)

),

final as (

    select
        -- keys
        {{ dbt.concat(['lasts.incident_kind', "':'", 'lasts.device_id', "':'",
            dbt.cast('extract(epoch from lasts.began_at)', dbt.type_string())]) }} as incident_key,
        lasts.device_id,
        devices.branch_id,

        -- what is wrong
        lasts.incident_kind,
        devices.reading_value,
        cast({{ minutes }} as numeric(12, 1)) as incident_minutes,
        devices.responsible,
        lasts.began_at
    from lasts
    inner join devices on lasts.device_id = devices.device_id
    where {{ is_long_enough('lasts', minutes) }}

)

select * from final
