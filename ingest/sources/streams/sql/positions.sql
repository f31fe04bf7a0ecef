-- How far the complete loads have come, in the topic that there is now and in those before it; the
-- one that was read last comes first.
select distinct on (offsets.topic_id, offsets.partition_id)
    offsets.topic_id,
    offsets.partition_id,
    offsets.next_offset,
    offsets.topic,
    offsets._dlt_load_id
from raw_streams._offsets as offsets
inner join raw_streams._dlt_loads as loads on offsets._dlt_load_id = loads.load_id
where offsets.stream = %(stream)s and loads.status = 0
order by offsets.topic_id asc, offsets.partition_id asc, offsets._dlt_load_id desc
