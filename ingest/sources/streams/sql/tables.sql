-- The messages of all streams, each stream's in a table of its own; where in them an event's parts
-- stand; and how far each load came: the position is that of the newest load.
create table if not exists raw_streams.messages (
    stream text not null,
    topic text not null,
    topic_id text not null,
    partition_id integer not null,
    message_offset bigint not null,
    message_key text,
    headers text,
    timestamp_ms bigint,
    timestamp_type text not null,
    value text,
    value_bytes bytea,
    _deleted_at timestamptz,
    _dlt_load_id text not null
) partition by list (stream);

-- numbers first: compared with texts first, a copy takes a third longer
create unique index if not exists messages_place
on raw_streams.messages (partition_id, message_offset, topic_id, stream);
drop index if exists raw_streams.messages_key;
create index if not exists messages_load on raw_streams.messages (_dlt_load_id);

create table if not exists raw_streams._offsets (
    stream text not null,
    topic_id text not null,
    partition_id integer not null,
    next_offset bigint not null,
    _dlt_load_id text not null,
    topic text,
    primary key (stream, topic_id, partition_id, _dlt_load_id)
);
alter table raw_streams._offsets add column if not exists topic text;

create table if not exists raw_streams._streams (
    stream text primary key,
    event_id text not null,
    event_type text,
    occurred_at text,
    branch text,
    branches jsonb not null,
    personal text[] not null,
    max_bytes bigint not null,
    customer text,
    visitor text
);
alter table raw_streams._streams add column if not exists customer text;
alter table raw_streams._streams add column if not exists visitor text;

-- up to which load an erasure has been done in a stream
create table if not exists raw_streams._erasures (
    stream text not null,
    branch_id text not null,
    customer_id text not null,
    load_id text not null,
    primary key (stream, branch_id, customer_id)
)
