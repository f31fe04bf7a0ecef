-- What identifies the people in the messages that name them: personal fields, and all of key and
-- headers that is not an event's id, type, time, branch or customer's number.
update {table} as messages
set
    value = case
        when jsonb_typeof(cast(messages.value as jsonb)) = 'object'
            then cast(cast(messages.value as jsonb) - streams.personal as text)
        else messages.value
    end,
    message_key = case when '$key' = any(places.places) then messages.message_key end,
    headers = (
        select cast(jsonb_agg(header.pair) as text)
        from jsonb_array_elements(cast(messages.headers as jsonb)) as header (pair)
        where '$header.' || (header.pair ->> 0) = any(places.places)
    )
from named, raw_streams._streams as streams
cross join
    lateral (
        select
            array_remove(
                array[
                    streams.event_id, streams.event_type, streams.occurred_at, streams.branch,
                    streams.customer
                ],
                null
            ) as places
    ) as places
where
    messages.topic_id = named.topic_id
    and messages.partition_id = named.partition_id
    and messages.message_offset = named.message_offset
    and messages.stream = streams.stream
    and (
        cast(messages.value as jsonb) ?| streams.personal
        or (messages.message_key is not null and not '$key' = any(places.places))
        or exists (
            select 1
            from jsonb_array_elements(cast(messages.headers as jsonb)) as header (pair)
            where '$header.' || (header.pair ->> 0) <> all(places.places)
        )
    )
