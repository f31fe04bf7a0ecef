-- The warehouse's clock, in seconds, and whether a schema's table of loads exists.
select
    cast(extract(epoch from clock_timestamp()) as double precision) as seconds,
    to_regclass(%(loads)s) is not null as is_there
