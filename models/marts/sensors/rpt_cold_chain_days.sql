{%- set day = dbt.cast('dates.date_day', 'timestamp') %}
{%- set begin = dbt.dateadd('hour', 'spans.cutover_hour', day) %}
{%- set end = dbt.dateadd('hour', 'spans.cutover_hour + 24', day) %}
{#- on its first day a device is expected from its first reading on #}
{%- set expected_at = 'case when days.business_date = days.expected_on'
    ~ ' and days.business_date = days.first_date'
    ~ ' then greatest(days.began_at, days.first_hour_at) else days.began_at end' %}
{%- set is_heard = 'coalesce(days.first_hour_at <= ' ~ expected_at ~ ', false)' %}
{%- set length = dbt.datediff('(' ~ expected_at ~ ')', 'days.ends_at', 'second') %}

with

hours as (select * from {{ ref('fct_sensor_hours') }}),

heard as (

    select
        device_id,
        min(business_date) as first_date,
        min(hour_started_at) as first_hour_at,
        max(hour_started_at) as newest_hour_at
    from hours
    group by device_id

),

-- a device that never said anything is expected since others of its branch, or of all, have
spans as (

    select
        devices.*,
        branches.time_zone,
        branches.cutover_hour,
        heard.first_date,
        heard.first_hour_at,
        coalesce(
            least(devices.installed_on, heard.first_date),
            min(heard.first_date) over (partition by devices.branch_id),
            min(heard.first_date) over ()
        ) as expected_on,
        count(heard.device_id) over (partition by devices.branch_id) as devices_heard,
        max(heard.newest_hour_at) over () as newest_hour_at
    from {{ ref('dim_devices') }} as devices
    inner join {{ ref('dim_branches') }} as branches on devices.branch_id = branches.branch_id
    left join heard on devices.device_id = heard.device_id

),

days as (

    select
        spans.*,
        dates.date_day as business_date,
        {{ utc_time('(' ~ begin ~ ')', 'spans.time_zone') }} as began_at,
        {{ utc_time('(' ~ end ~ ')', 'spans.time_zone') }} as ends_at
    from spans
    inner join {{ ref('dim_dates') }} as dates
        on
            spans.expected_on <= dates.date_day
            and coalesce(spans.removed_on > dates.date_day, true)
            and {{ business_date(
                'spans.newest_hour_at', 'spans.time_zone', 'spans.cutover_hour'
            ) }} >= dates.date_day
    where spans.is_expected or spans.devices_heard > 0

),

measured as (

    select
        device_id,
        business_date,
        sum(readings) as readings,
        sum(minutes_out_of_range) as minutes_out_of_range,
        sum(minutes_measured) as minutes_measured,
        min(lowest_reading) as lowest_reading,
        max(highest_reading) as highest_reading
    from hours
    group by device_id, business_date

),

-- an incident is of each day that it touches
troubled as (

    select
        days.device_id,
        days.business_date,
        count(distinct incidents.incident_key) as incidents,
        min(told.told_at) as told_at,
        max(case when incidents.incident_kind = 'silence' then 1 else 0 end) = 1 as is_silent,
        max(case when incidents.incident_kind = 'out_of_range' then 1 else 0 end) = 1 as is_outside
    from days
    inner join {{ ref('fct_sensor_incidents') }} as incidents
        on
            days.device_id = incidents.device_id
            and days.ends_at > incidents.began_at
            and days.began_at < coalesce(incidents.ended_at, days.ends_at)
    left join {{ ref('int_incidents_told') }} as told
        on
            incidents.device_id = told.device_id
            and incidents.incident_kind = told.incident_kind
            and {{ is_told_of('told', 'incidents') }}
    group by days.device_id, days.business_date

),

final as (

    select
        -- keys
        days.branch_id,
        days.device_id,
        days.business_date,

        -- what an inspector asks
        days.newest_hour_at >= days.ends_at as is_over,
        days.newest_hour_at >= days.ends_at
        and {{ is_heard }}
        and not coalesce(troubled.is_silent, false) as is_complete,
        not coalesce(troubled.is_outside, false) as is_in_range,
        case when troubled.incidents > 0 or not {{ is_heard }} then days.responsible end
            as responsible,
        troubled.told_at,

        -- measures
        cast(coalesce(troubled.incidents, 0) as integer) as incidents,
        cast(coalesce(measured.minutes_out_of_range, 0) as numeric(12, 2)) as minutes_out_of_range,
        cast(coalesce(measured.minutes_measured, 0) as numeric(12, 2)) as minutes_measured,
        cast(coalesce(measured.readings, 0) as integer) as readings,
        cast({{ length }} / days.expected_seconds as integer) as expected_readings,
        measured.lowest_reading,
        measured.highest_reading
    from days
    left join measured
        on days.device_id = measured.device_id and days.business_date = measured.business_date
    left join troubled
        on days.device_id = troubled.device_id and days.business_date = troubled.business_date

)

select * from final
