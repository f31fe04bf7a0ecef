-- The messages of a stream, landed after a load, that name some people: by the places that are
-- declared for the branch and for the customer's number there. One that is no JSON names nobody.
create temporary table named on commit drop as
with readable as materialized (
    select
        messages.topic_id,
        messages.partition_id,
        messages.message_offset,
        messages.message_key,
        messages.headers,
        cast(messages.value as jsonb) as body,
        streams.branches,
        streams.branch as place_of_branch,
        streams.customer as place_of_customer
    from {table} as messages
    inner join raw_streams._streams as streams on messages.stream = streams.stream
    where messages._dlt_load_id > %(after)s and pg_input_is_valid(messages.value, 'jsonb')
),

parts as (
    select
        readable.topic_id,
        readable.partition_id,
        readable.message_offset,
        readable.branches,
        max(looked_up.said) filter (where places.part = 'branch') as branch,
        max(looked_up.said) filter (where places.part = 'customer') as customer_id
    from readable
    cross join
        lateral (
            values
            ('branch', readable.place_of_branch), ('customer', readable.place_of_customer)
        ) as places (part, place)
    cross join
        lateral (
            select
                nullif(trim(case
                    when places.place = '$key' then readable.message_key
                    when places.place like '$header.%%'
                        then (
                            select min(header.pair ->> 1)
                            from
                                jsonb_array_elements(cast(readable.headers as jsonb))
                                    as header (pair)
                            where header.pair ->> 0 = substring(places.place, 9)
                        )
                    else readable.body #>> string_to_array(places.place, '.')
                end), '') as said
        ) as looked_up
    group by
        readable.topic_id,
        readable.partition_id,
        readable.message_offset,
        readable.branches
)

select
    parts.topic_id,
    parts.partition_id,
    parts.message_offset
from parts
inner join
    unnest(cast(%(branches)s as text[]), cast(%(customers)s as text[]))
        as people (branch_id, customer_id)
    on
        -- some senders write all numbers with places
        regexp_replace(parts.customer_id, '^([0-9]+)[.]0+$', '\1') = people.customer_id
        and (
            parts.branch is null
            or people.branch_id = coalesce(
                (
                    select min(called.key)
                    from jsonb_each_text(parts.branches) as called
                    where parts.branch in (called.value, called.value || '.0')
                ),
                parts.branch
            )
        )
