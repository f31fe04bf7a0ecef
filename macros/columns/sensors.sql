{#- The streams that are the readings of sensors; none, where the company has no streams. -#}
{% macro sensor_streams() -%}
    {{ return(var("sensor_streams", []) if "streams" in var("systems") else []) }}
{%- endmacro %}

{#- SQL of a part of what a reading says, as text; null where it says none. It has our name, or stands
    where `vars.sensor_fields` says: this is the only place that knows it.

    Args:
        name: our name of it.
        body: SQL of the message's object. -#}
{% macro sensor_field(name, body) -%}
    {%- set place = sensor_place(name) -%}
    {{ return("nullif(" ~ json_text(body, place.split(".")) ~ ", '')") }}
{%- endmacro %}

{#- Where a reading says something. -#}
{% macro sensor_place(name) -%}
    {{ return(var("sensor_fields", {}).get(name, name)) }}
{%- endmacro %}

{#- What a message of sensors says, by the name of the column; of other messages null. The message is
    `taken_apart`. -#}
{% macro sensor_parts() -%}
    {%- set parts = {} -%}
    {%- for name in ["device", "metric", "value", "unit", "sent_at"] if sensor_streams() -%}
        {%- set said = sensor_field(name, "taken_apart.body") -%}
        {#- the device may be in the message's key or in a header -#}
        {%- if sensor_place(name).startswith("$") -%}
            {%- set said = message_part(sql_text(sensor_place(name))) -%}
        {%- endif -%}
        {%- do parts.update({"said_" ~ name: "case when " ~ is_of_sensors("taken_apart")
            ~ " then " ~ (message_moment(said) if name == "sent_at" else said) ~ " end"}) -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}

{#- The condition that a message is of sensors. -#}
{% macro is_of_sensors(message) -%}
    {{ return(message ~ ".stream in ('" ~ sensor_streams() | join("', '") ~ "')") }}
{%- endmacro %}

{#- The devices by what readings say: a name, and branch and metric, which are empty where a reading
    says none. `devices` is how many are meant by one value: of several nobody knows metric and unit.
    A message of several values has one for each of `places`. -#}
{% macro named_devices() -%}
    select
        valued.name_in_readings,
        valued.branch_id,
        valued.metric,
        max(valued.devices) as devices,
        max(valued.has_temperature) as has_temperature,
        max(case when valued.place is null and valued.devices = 1 then valued.measured end)
            as measured,
        max(case when valued.place is null and valued.devices = 1 then valued.unit end) as unit,
        count(valued.place) as places_of_values,
        {{ array_of('valued.place') }} as places
    from (
        select
            named.name_in_readings,
            named.branch_id,
            named.metric,
            named.place,
            count(*) as devices,
            max(named.measured) as measured,
            max(named.unit) as unit,
            max(case when named.measured = 'temperature' then 1 else 0 end) as has_temperature
        from (
            select
                coalesce(devices.name_in_readings, devices.device_id) as name_in_readings,
                case when said.has_branch = 1 then devices.branch_id else '' end as branch_id,
                case when said.has_metric = 1 then lower(devices.metric) else '' end as metric,
                devices.value_in_readings as place,
                devices.metric as measured,
                devices.unit
            from {{ ref('devices') }} as devices
            inner join {{ ref('branches') }} as branches
                on devices.branch_id = branches.branch_id
            cross join (
                select 0 as has_branch, 0 as has_metric
                union all select 0, 1
                union all select 1, 0
                union all select 1, 1
            ) as said
        ) as named
        group by named.name_in_readings, named.branch_id, named.metric, named.place
    ) as valued
    group by valued.name_in_readings, valued.branch_id, valued.metric
{%- endmacro %}

{#- The join that finds what a message (`timed`) means in `devices`, which are `named_devices`. -#}
{% macro join_devices() -%}
    {%- if sensor_streams() -%}
    left join devices
        on
            timed.said_device = devices.name_in_readings
            and coalesce(timed.branch_id, '') = devices.branch_id
            and coalesce(lower(timed.said_metric), '') = devices.metric
    {%- endif -%}
{%- endmacro %}

{#- The name of the device of which a message (`timed`) brings readings; null where it brings none: of
    several values it may have one, or none. -#}
{% macro device_read() -%}
    {%- if not sensor_streams() -%} {{ return("cast(null as " ~ dbt.type_string() ~ ")") }} {%- endif -%}
    case
        when
            (devices.measured is not null and timed.said_value is not null)
            or (
                devices.places_of_values > 0
                and {{ has_value("devices.places", "timed.body", "said.text is not null") }}
            )
            then timed.said_device
    end
{%- endmacro %}

{#- The condition that one of a message's values meets a condition.

    Args:
        places: SQL of an array: where the values stand.
        body: SQL of the message's object.
        condition: SQL of the condition; it knows the value as `said.text`. -#}
{% macro has_value(places, body, condition) -%}
    {{ return(adapter.dispatch("has_value")(places, body, condition)) }}
{%- endmacro %}

{% macro default__has_value(places, body, condition) -%}
    exists(
        transform({{ places }}, place -> named_struct('text', {{ json_at(body, "place") }})),
        said -> {{ condition }}
    )
{%- endmacro %}

{% macro postgres__has_value(places, body, condition) -%}
    exists (
        select 1
        from unnest({{ places }}) as placed (place)
        cross join lateral (
            select nullif({{ json_at(body, "placed.place") }}, '') as text offset 0
        ) as said
        where {{ condition }}
    )
{%- endmacro %}

{#- The condition that a text is no number that a sensor measures. -#}
{% macro is_no_measure(text) -%}
    coalesce({{ safe_cast(text, "numeric(12, 4)") }}, 10001) not between -10000 and 10000
{%- endmacro %}

{#- The reasons why a message of sensors (`timed`) cannot be a reading of one of the `devices`.

    Args:
        received_at: SQL of when it was received. -#}
{% macro sensor_checks(received_at) -%}
    {%- if not sensor_streams() -%} {{ return([]) }} {%- endif -%}
    {%- set is_reading = is_of_sensors("timed") ~ " and " -%}
    {%- set is_unknown = is_reading ~ "devices.devices is null and " -%}
    {%- set known = "exists (select 1 from devices as known where known.branch_id = ''"
        ~ " and known.name_in_readings = timed.said_device and known.metric = " -%}
    {%- set has_name = known ~ "'')" -%}
    {%- set has_metric = known ~ "coalesce(lower(timed.said_metric), ''))" -%}
    {%- set unit = "upper(replace(coalesce(timed.said_unit, devices.unit), '°', ''))" -%}
    {#- a clock that is wrong by more than a hundred years says nothing -#}
    {%- set sent_at = "case when timed.said_sent_at between "
        ~ dbt.dateadd("year", -100, received_at) ~ " and " ~ dbt.dateadd("year", 100, received_at)
        ~ " then timed.said_sent_at else " ~ received_at ~ " end" -%}
    {{ return([
        reason_where(is_unknown ~ "not " ~ has_name, "device: is no device of seeds/devices.csv"),
        reason_where(is_unknown ~ has_name ~ " and not " ~ has_metric,
            "metric: is not that of the device"),
        reason_where(is_unknown ~ has_metric ~ " and branches.branch_id is not null",
            "branch: is not that of the device"),
        reason_where(is_reading ~ "devices.devices > 1",
            "device: is the name of several in seeds/devices.csv; say its metric, or its branch"),
        reason_where(is_reading ~ "(coalesce(devices.places_of_values, 0) = 0"
            ~ " or (devices.measured is not null and timed.said_value is not null)) and "
            ~ is_no_measure("timed.said_value"), "value: is no number that a sensor measures"),
        reason_where(is_reading ~ "devices.places_of_values > 0 and "
            ~ has_value("devices.places", "timed.body",
                "said.text is not null and " ~ is_no_measure("said.text")),
            "value: one of value_in_readings is no number that a sensor measures"),
        reason_where(is_reading ~ "devices.has_temperature = 1 and devices.devices = 1 and " ~ unit
            ~ " not in ('C', 'F', 'K')", "unit: is no unit of temperature"),
        reason_where(is_reading ~ "devices.measured <> 'temperature' and " ~ unit
            ~ " <> upper(devices.unit)", "unit: is not that of the device"),
        reason_where(is_reading ~ "timed.occurred_at_read < "
            ~ dbt.dateadd("day", -sensor_days_late(), "(" ~ sent_at ~ ")"),
            "occurred_at: lies more than " ~ sensor_days_late() ~ " days before it was sent"),
    ]) }}
{%- endmacro %}

{#- By how many days a reading may be late: two fewer than readings are kept, so that a build has the
    time to take it into its hour. -#}
{% macro sensor_days_late() -%}
    {%- set kept = var("sensor_readings_kept_days", 90) -%}
    {{ return([kept - 2, kept // 2] | max) }}
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

{#- The condition that somebody was told of an incident of the same device and kind (`told`). Readings
    that came late may have moved its begin since; a silence goes on until a reading that was measured
    after somebody was told. -#}
{% macro is_told_of(told, incidents) -%}
    (
        {{ told }}.began_at >= {{ incidents }}.began_at
        or ({{ incidents }}.incident_kind = 'silence' and {{ told }}.told_at >= {{ incidents }}.began_at)
    )
    and (
        {{ incidents }}.ended_at is null
        or {{ told }}.began_at < {{ incidents }}.ended_at
    )
{%- endmacro %}

{#- The readings that events are, with a device's clock put right, in our unit: a query. A value means
    one device, or its message would be in quarantine; a message may have several values.

    Args:
        events: relation of events; none, where the company has no sensors. -#}
{% macro sensor_readings(events) -%}
    {%- set text = dbt.type_string() -%}
    {%- set fields = ['metric', 'value', 'unit', 'sequence', 'sent_at'] -%}
    {%- set columns = ['event_key', 'load_id', 'device', 'body'] -%}
    {%- set said = {} -%}
    {%- for field in fields %}
    {%- do said.update({field: sensor_field(field, 'events.body')}) -%}
    {%- endfor %}
    {%- set behind = dbt.datediff('sent.sent_at', 'opened.received_at', 'millisecond') -%}
    {%- set value = json_at('opened.body', 'devices.value_in_readings') -%}
    with opened as (

        {%- if sensor_streams() %}
        select
            {%- for column in columns %}
            events.{{ column }},
            {%- endfor %}
            said.*,
            events.branch_id as said_branch_id,
            events.occurred_at,
            events.received_at
        from {{ events }} as events
        {{ once_per_row(said, 'said') }}
        where {{ is_of_sensors('events') }}
        {%- else %}
        {#- a company without sensors has no readings -#}
        select
            {%- for column in columns + fields + ['said_branch_id'] %}
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
            devices.device_id,
            devices.branch_id,
            devices.value_in_readings,
            branches.time_zone,
            branches.cutover_hour,
            read.said_value,
            -- of a message that names no unit it is the device's; of several values that is said of
            -- temperatures only
            upper(replace(
                case
                    when devices.value_in_readings is null or devices.metric = 'temperature'
                        then coalesce(opened.unit, devices.unit)
                    else devices.unit
                end, '°', ''
            )) as said_unit,
            {{ has_wrong_clock('read.behind') }} as has_wrong_clock,
            {{ right_time('opened.occurred_at', 'opened.received_at', 'read.behind') }} as happened_at
        from opened
        inner join {{ ref('devices') }} as devices
            on
                opened.device = coalesce(devices.name_in_readings, devices.device_id)
                and devices.branch_id = coalesce(opened.said_branch_id, devices.branch_id)
                and lower(devices.metric) = lower(coalesce(opened.metric, devices.metric))
        inner join {{ ref('branches') }} as branches on devices.branch_id = branches.branch_id
        {{ once_per_row({'sent_at': message_moment('opened.sent_at')}, 'sent') }}
        {{ once_per_row({
            'value': 'case when devices.value_in_readings is null then opened.value'
                ~ ' else nullif(' ~ value ~ ", '') end",
        }, 'found') }}
        {{ once_per_row({
            'said_value': safe_cast('found.value', 'numeric(12, 4)'),
            'behind': 'coalesce(' ~ behind ~ ', 0)',
        }, 'read') }}
        where found.value is not null

    ),

    final as (

        select
            -- keys
            case
                when value_in_readings is null then event_key
                else {{ dbt.concat(['event_key', "':'", 'device_id']) }}
            end as reading_key,
            event_key as sensor_event_key,
            device_id,
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
