{#- What a message of a stream holds: `_streams` says where in it an event's parts stand. -#}

{#- The value of a message as an object of JSON; null where it is none, or longer than is allowed, or
    has a number like 1e5000: Postgres writes it with all its digits, and a few thousand of these are
    more text than there can be.

    Args:
        value: SQL of the value.
        largest: SQL of how many bytes it may have. -#}
{% macro message_body(value, largest) -%}
    {{ return(adapter.dispatch("message_body")(value, largest)) }}
{%- endmacro %}

{% macro default__message_body(value, largest) -%}
    case
        when octet_length({{ value }}) <= {{ largest }} and {{ value }} rlike '^\\s*[{]'
            then {{ value }}
    end
{%- endmacro %}

{% macro postgres__message_body(value, largest) -%}
    case
        when
            octet_length({{ value }}) <= {{ largest }}
            and {{ value }} ~ '^\s*[{]'
            and pg_input_is_valid({{ value }}, 'jsonb')
            and not {{ has_huge_number(value) }}
            then cast({{ value }} as jsonb)
    end
{%- endmacro %}

{#- The condition that JSON has a number whose exponent has four digits or more. Texts are taken out
    only where there may be one: '3e2001' is a part of many an id. -#}
{% macro has_huge_number(value) -%}
    {%- set huge = "'[0-9.][eE][-+]?[0-9]{4}'" -%}
    case
        when {{ value }} ~ {{ huge }}
            then regexp_replace({{ value }}, '"([^"\\]|\\.)*"', '', 'g') ~ {{ huge }}
        else false
    end
{%- endmacro %}

{#- A part of a message as text; null where it is not there, or empty. `body`, `message_key` and
    `headers` are at hand.

    Args:
        place: SQL of where it stands: a field, $key, $header.<name>, or $offset, the message's own. -#}
{% macro message_part(place) -%}
    {{ return(adapter.dispatch("message_part")(place)) }}
{%- endmacro %}

{% macro default__message_part(place) -%}
    {{ filled("case when " ~ place ~ " = '$key' then message_key when " ~ place
        ~ " = '$offset' then concat(topic_id, ':', partition_id, ':', message_offset)"
        ~ " else get_json_object(body, concat('$.', " ~ place ~ ")) end") }}
{%- endmacro %}

{% macro postgres__message_part(place) -%}
    nullif(trim(
        case
            when {{ place }} = '$key' then message_key
            when {{ place }} = '$offset'
                then concat(topic_id, ':', partition_id, ':', message_offset)
            when {{ place }} like '$header.%' then (
                select header.pair ->> 1
                from jsonb_array_elements(cast(headers as jsonb)) as header (pair)
                where header.pair ->> 0 = substring({{ place }}, 9)
                limit 1
            )
            else body #>> string_to_array({{ place }}, '.')
        end
    ), '')
{%- endmacro %}

{#- The branch that a message means: our id of what it says.

    Args:
        said: SQL of what it says.
        branches: SQL of what messages call our branches, by id. -#}
{% macro message_branch(said, branches) -%}
    {{ return(adapter.dispatch("message_branch")(said, branches)) }}
{%- endmacro %}

{% macro default__message_branch(said, branches) -%} {{ said }} {%- endmacro %}

{% macro postgres__message_branch(said, branches) -%}
    coalesce(
        (
            select called.key
            from jsonb_each_text({{ branches }}) as called
            -- some senders write all numbers with places
            where {{ said }} in (called.value, called.value || '.0')
            limit 1
        ),
        {{ said }}
    )
{%- endmacro %}

{#- The body of a message as text, without the fields that stay in raw. -#}
{% macro message_without(body, personal) -%}
    {{ return(adapter.dispatch("message_without")(body, personal)) }}
{%- endmacro %}

{% macro default__message_without(body, personal) -%} {{ body }} {%- endmacro %}

{% macro postgres__message_without(body, personal) -%}
    cast({{ body }} - {{ personal }} as text)
{%- endmacro %}

{#- The instant that a text says: as ISO 8601 has it, in UTC where it has no offset, or in seconds,
    milliseconds or microseconds since 1970; null where it is none.

    Args:
        said: SQL of the text. -#}
{% macro message_moment(said) -%}
    {{ return(adapter.dispatch("message_moment")(said)) }}
{%- endmacro %}

{% macro default__message_moment(said) -%}
    {{ dbt.safe_cast(said, "timestamp") }}
{%- endmacro %}

{% macro postgres__message_moment(said) -%}
    case
        when {{ said }} ~ '^[0-9]{10}([.][0-9]{1,9})?$'
            then to_timestamp(cast({{ said }} as double precision))
        when {{ said }} ~ '^[0-9]{13}([.][0-9]{1,9})?$'
            then to_timestamp(cast({{ said }} as double precision) / 1000)
        when {{ said }} ~ '^[0-9]{16}([.]0)?$'
            then to_timestamp(cast({{ said }} as double precision) / 1000000)
        when {{ said }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]+ *(Z|[-+][0-9]{2}(:?[0-9]{2})?)$'
            then {{ safe_cast(said, "timestamp with time zone") }}
        when {{ said }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]+$'
            then {{ safe_cast(said ~ " || 'Z'", "timestamp with time zone") }}
    end
{%- endmacro %}

{#- The condition that a clock is wrong: a minute is under way, and no more. A hundred years are no
    clock's: who says that it was sent in 9999 says nothing of a clock.

    Args:
        behind: SQL of how many milliseconds it is behind. -#}
{% macro has_wrong_clock(behind) -%} abs({{ behind }}) between 60001 and 3155760000000 {%- endmacro %}

{#- When something happened, by a clock that is put right: nothing happens after it was received.

    Args:
        occurred_at: SQL of the time that the clock says.
        received_at: SQL of when it was received.
        behind: SQL of how many milliseconds the clock is behind. -#}
{% macro right_time(occurred_at, received_at, behind) -%}
    least(
        {{ received_at }},
        case
            when {{ has_wrong_clock(behind) }}
                then {{ dbt.dateadd("millisecond", behind, occurred_at) }}
            else {{ occurred_at }}
        end
    )
{%- endmacro %}
