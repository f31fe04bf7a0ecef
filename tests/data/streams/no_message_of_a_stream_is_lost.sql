{{ config(enabled='streams' in var('systems')) }}

-- Each message that has a value is an event, one more copy of an event, or in quarantine.
with

landed as (

    select
        stream,
        count(*) as messages
    from {{ source('streams', 'messages') }}
    where value is not null or value_bytes is not null
    group by stream

),

staged as (

    select
        stream,
        sum(times_sent) as messages
    from {{ ref('stg_streams__events') }}
    group by stream

),

held as (

    select
        table_name as stream,
        count(*) as messages
    from {{ ref('quarantine') }}
    where source_name = 'streams' and released_at is null
    group by table_name

)

select
    landed.stream,
    landed.messages as landed,
    staged.messages as staged,
    held.messages as held
from landed
left join staged on landed.stream = staged.stream
left join held on landed.stream = held.stream
where landed.messages <> coalesce(staged.messages, 0) + coalesce(held.messages, 0)
