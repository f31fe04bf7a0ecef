{{ config(alias='sensor_readings', enabled='streams' in var('systems')) }}
{%- set columns = ['reading_key', 'device_id', 'branch_id', 'reading_value', 'said_value',
    'happened_at', 'received_at'] %}
{%- set landed %}(
    select
        {{ dbt.concat(['messages.stream', "':'", 'messages.event_id']) }} as event_key,
        messages.*
    from {{ ref('base_streams__messages') }} as messages
    where
        messages.load_id > {{ published_load('streams') }}
        -- what is measured within a day has landed within it; an hour for clocks that differ
        and messages.load_id > {{ load_of_seconds_ago(25 * 3600) }}
        and {{ is_good('messages._errors') }}
){% endset %}

with

landed as (

    select * from (
        {{ sensor_readings(landed) }}
    ) as readings

),

published as (select * from {{ ref('fct_sensor_readings') }}),

recent as (

    select
        {{ columns | join(',\n        ') }},
        false as is_published
    from landed
    where happened_at > {{ dbt.dateadd('day', -1, dbt.current_timestamp()) }}
    union all
    select
        {{ columns | join(',\n        ') }},
        true as is_published
    from published
    where happened_at > {{ dbt.dateadd('day', -1, dbt.current_timestamp()) }}

),

-- one that was sent again with its id is the one that is published, or came first
numbered as (

    select
        *,
        row_number() over (
            partition by reading_key
            order by case when is_published then 0 else 1 end, received_at
        ) as copy_number
    from recent

),

final as (

    select
        reading_key,
        device_id,
        branch_id,
        reading_value,
        said_value,
        happened_at,
        received_at,
        is_published
    from numbered
    where copy_number = 1 and {{ may_see('branch_id') }}

)

select * from final
