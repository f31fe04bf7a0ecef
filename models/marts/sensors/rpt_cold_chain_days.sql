{%- set day = dbt.cast('dates.date_day', 'timestamp') %}
{%- set begin = dbt.dateadd('hour', 'branches.cutover_hour', day) %}
{%- set first_at = 'greatest(days.began_at, days.first_hour_at)' %}
{%- set length = dbt.datediff(first_at, 'days.ends_at', 'second') %}
{%- set end = dbt.dateadd('hour', 'branches.cutover_hour + 24', day) %}

with

hours as (

    select * from {{ ref('fct_sensor_hours') }}

),

-- from a device's first day to the newest of its branch, days without a reading included
spans as (

    select
        device_id,
        branch_id,
        min(business_date) as first_date,
        min(hour_started_at) as first_hour_at,
        max(max(hour_started_at)) over () as newest_hour_at
    from hours
    group by device_id, branch_id

),

days as (

    select
        spans.*,
        dates.date_day as business_date,
        {{ utc_time('(' ~ begin ~ ')', 'branches.time_zone') }} as began_at,
        {{ utc_time('(' ~ end ~ ')', 'branches.time_zone') }} as ends_at
    from spans
    inner join {{ ref('dim_branches') }} as branches on spans.branch_id = branches.branch_id
    inner join {{ ref('dim_dates') }} as dates
        on
            spans.first_date <= dates.date_day
            and {{ business_date(
                'spans.newest_hour_at', 'branches.time_zone', 'branches.cutover_hour'
            ) }} >= dates.date_day

),

measured as (

    select
        device_id,
        business_date,
        sum(readings) as readings,
        sum(minutes_out_of_range) as minutes_out_of_range,
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
        count(*) as incidents,
        min(told.told_at) as told_at,
        max(case when incidents.incident_kind = 'silence' then 1 else 0 end) = 1 as is_silent,
        max(case when incidents.incident_kind = 'out_of_range' then 1 else 0 end) = 1 as is_outside
    from days
    inner join {{ ref('fct_sensor_incidents') }} as incidents
        on
            days.device_id = incidents.device_id
            and days.ends_at > incidents.began_at
            and days.began_at <= coalesce(incidents.ended_at, days.ends_at)
    left join {{ ref('int_incidents_told') }} as told on incidents.incident_key = told.incident_key
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
        and not coalesce(troubled.is_silent, false) as is_complete,
        not coalesce(troubled.is_outside, false) as is_in_range,
        case when troubled.incidents > 0 then devices.responsible end as responsible,
        troubled.told_at,

        -- measures
        cast(coalesce(troubled.incidents, 0) as integer) as incidents,
        cast(coalesce(measured.minutes_out_of_range, 0) as numeric(12, 2)) as minutes_out_of_range,
        cast(coalesce(measured.readings, 0) as integer) as readings,
        cast({{ length }} / devices.expected_seconds as integer) as expected_readings,
        measured.lowest_reading,
        measured.highest_reading
    from days
    inner join {{ ref('dim_devices') }} as devices on days.device_id = devices.device_id
    left join measured
        on days.device_id = measured.device_id and days.business_date = measured.business_date
    left join troubled
        on days.device_id = troubled.device_id and days.business_date = troubled.business_date

)

select * from final
