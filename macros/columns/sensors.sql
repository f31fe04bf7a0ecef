{#- The streams that are the readings of sensors; none, where the company has no streams. -#}
{% macro sensor_streams() -%}
    {{ return(var("sensor_streams", []) if "streams" in var("systems") else []) }}
{%- endmacro %}

{#- The reasons why a message of sensors cannot be a reading. The query knows its device in
    seeds/devices.csv as `devices`. -#}
{% macro sensor_checks() -%}
    {%- if not sensor_streams() -%} {{ return([]) }} {%- endif -%}
    {%- set is_reading = "timed.stream in ('" ~ sensor_streams() | join("', '") ~ "') and " -%}
    {%- set unit = "upper(replace(coalesce(" ~ json_text("timed.body", "unit")
        ~ ", devices.unit), '°', ''))" -%}
    {{ return([
        reason_where(is_reading ~ "devices.device_id is null",
            "device: is no device of seeds/devices.csv"),
        reason_where(is_reading ~ "lower(" ~ json_text("timed.body", "metric")
            ~ ") <> lower(devices.metric)", "metric: is not that of the device"),
        reason_where(is_reading ~ "coalesce(" ~ safe_cast(
            json_text("timed.body", "value"), "numeric(12, 4)"
        ) ~ ", 10001) not between -10000 and 10000", "value: is no number that a sensor measures"),
        reason_where(is_reading ~ "devices.metric = 'temperature' and " ~ unit
            ~ " not in ('C', 'F', 'K')", "unit: is no unit of temperature"),
        reason_where(is_reading ~ "devices.metric <> 'temperature' and " ~ unit
            ~ " <> upper(devices.unit)", "unit: is not that of the device"),
    ]) }}
{%- endmacro %}

{#- The moment from which on readings are kept: so many whole days before the newest one. None where a
    fact is built from scratch: then all are there, until the next build.

    Args:
        relation: relation of readings.
        hours: so much later: what is worked out of readings needs those before. -#}
{% macro sensors_kept_since(relation, hours=0) -%}
    {%- if not execute or not is_incremental() -%} {{ return(none) }} {%- endif -%}
    {%- set newest = run_query("select max(received_at) from " ~ relation)[0][0] -%}
    {%- set since = "2000-01-01 00:00:00+00" -%}
    {%- if newest -%}
        {%- set since = newest.replace(minute=0, second=0, microsecond=0)
            - modules.datetime.timedelta(days=var("sensor_readings_kept_days", 90), hours=-hours) -%}
    {%- endif -%}
    {{ return("cast('" ~ since ~ "' as timestamp with time zone)") }}
{%- endmacro %}

{#- SQL of the seconds after which a device is silent. -#}
{% macro silent_seconds() -%}
    ({{ var('sensor_silent_readings', 3) }} + 0.5) * expected_seconds
{%- endmacro %}

{#- The condition that a reading has the value of the one before it, and no silence lies between them. -#}
{% macro is_stuck() -%}
    said_value = said_before
    and {{ dbt.datediff('before_at', 'happened_at', 'second') }} < {{ silent_seconds() }}
{%- endmacro %}

{#- The kinds of incidents that readings show: name, when a reading is bad, and how bad it is. -#}
{% macro incident_kinds() -%}
    {%- set leaps = "is_steady and greatest(distance, leap) > " ~ var("sensor_jump_spreads", 6) -%}
    {{ return([
        ("out_of_range", "beyond > 0", "beyond"),
        ("stuck", is_stuck(), "0"),
        ("jump", leaps, "distance"),
    ]) }}
{%- endmacro %}

{#- The condition that what was found lasts long enough to be an incident of its device (`devices`).

    Args:
        found: what the query calls it.
        minutes: SQL of how long it lasts. -#}
{% macro is_long_enough(found, minutes) -%}
    ({{ found }}.incident_kind <> 'out_of_range' or {{ minutes }} > devices.minutes_allowed)
    and (
        {{ found }}.incident_kind <> 'stuck' or {{ minutes }} >= {{ var("sensor_stuck_minutes", 240) }}
    )
{%- endmacro %}

{#- The readings that events are, with a device's clock put right, in our unit: a query. What a reading
    says has the fields of docs/how-to/add-sensors.md.

    Args:
        events: relation of events; none, where the company has no sensors. -#}
{% macro sensor_readings(events) -%}
    {%- set text = dbt.type_string() -%}
    {%- set streams = sensor_streams() -%}
    {%- set fields = ['device', 'value', 'unit', 'sequence', 'sent_at'] -%}
    {%- set columns = ['event_key', 'load_id'] -%}
    {%- set said = {} -%}
    {%- for field in fields %}
    {%- do said.update({field: 'nullif(' ~ json_text('events.body', field) ~ ", '')"}) -%}
    {%- endfor %}
    {%- set behind = dbt.datediff('sent.sent_at', 'opened.received_at', 'millisecond') -%}
    with opened as (

        {%- if streams %}
        select
            {%- for column in columns %}
            events.{{ column }},
            {%- endfor %}
            said.*,
            events.occurred_at,
            events.received_at
        from {{ events }} as events
        {{ once_per_row(said, 'said') }}
        where events.stream in ('{{ streams | join("', '") }}')
        {%- else %}
        {#- a company without sensors has no readings -#}
        select
            {%- for column in columns + fields %}
            cast(null as {{ text }}) as {{ column }},
            {%- endfor %}
            cast(null as timestamp with time zone) as occurred_at,
            cast(null as timestamp with time zone) as received_at
        from {{ ref('branches') }}
        where 1 = 0
        {%- endif %}

    ),

    -- how far a clock is behind: it says when it sent the reading, and we know that
    measured as (

        select
            opened.*,
            devices.branch_id,
            branches.time_zone,
            branches.cutover_hour,
            read.said_value,
            -- of a message that names no unit it is the device's
            upper(replace(coalesce(opened.unit, devices.unit), '°', '')) as said_unit,
            {{ has_wrong_clock('read.behind') }} as has_wrong_clock,
            {{ right_time('opened.occurred_at', 'opened.received_at', 'read.behind') }} as happened_at
        from opened
        inner join {{ ref('devices') }} as devices on opened.device = devices.device_id
        inner join {{ ref('branches') }} as branches on devices.branch_id = branches.branch_id
        {{ once_per_row({'sent_at': message_moment('opened.sent_at')}, 'sent') }}
        {{ once_per_row({
            'said_value': safe_cast('opened.value', 'numeric(12, 4)'),
            'behind': 'coalesce(' ~ behind ~ ', 0)',
        }, 'read') }}

    ),

    final as (

        select
            -- keys
            event_key as reading_key,
            device as device_id,
            branch_id,
            {{ business_date('happened_at', 'time_zone', 'cutover_hour') }} as business_date,

            -- what was measured
            case
                when said_unit = 'F' then cast((said_value - 32) * 5 / 9 as numeric(12, 2))
                when said_unit = 'K' then cast(said_value - 273.15 as numeric(12, 2))
                else cast(said_value as numeric(12, 2))
            end as reading_value,
            said_value,
            said_unit,
            {{ safe_cast('sequence', 'bigint') }} as sequence_number,

            -- times
            happened_at,
            occurred_at,
            received_at,
            has_wrong_clock,

            -- load
            load_id
        from measured

    )
    select * from final
{%- endmacro %}
