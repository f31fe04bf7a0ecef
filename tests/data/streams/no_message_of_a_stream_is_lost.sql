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
        table_name,
        count(*) as messages
    from {{ ref('quarantine') }}
    where source_name = 'streams' and released_at is null
    group by table_name

),

compared as (

    select
        landed.stream,
        landed.messages as messages_landed,
        staged.messages as messages_staged,
        held.messages as messages_held
    from landed
    left join staged on landed.stream = staged.stream
    left join held on landed.stream = held.table_name

),

differing as (

    select * from compared
    where messages_landed <> coalesce(messages_staged, 0) + coalesce(messages_held, 0)

)

select * from differing
