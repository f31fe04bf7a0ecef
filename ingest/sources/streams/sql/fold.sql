-- Of a stream's loads that no build has pinned yet only the newest needs to be known, and those of the
-- last minute, one of which a build may be pinning now: messages keep the ids of all.
with settled as (
    select
        load_id,
        max(load_id) over () as newest_load_id
    from raw_streams._dlt_loads
    where
        schema_name = %(schema_name)s
        and load_id > (
            select pins.load_id
            from audit.pinned_loads as pins
            where pins.source_name = 'streams'
        )
        and load_id < cast(cast(%(load_id)s as numeric) - 60 as text)
),

folded as (
    delete from raw_streams._dlt_loads as loads
    using settled
    where
        loads.schema_name = %(schema_name)s
        and loads.load_id = settled.load_id
        and settled.load_id <> settled.newest_load_id
    returning loads.load_id
)

delete from raw_streams._offsets as offsets
using folded
where offsets.stream = %(stream)s and offsets._dlt_load_id = folded.load_id
