-- The incidents that go on and of which nobody was told, each with a sentence.
select
    incidents.incident_key,
    concat(
        incidents.device_id,
        ': ',
        replace(incidents.incident_kind, '_', ' '),
        ' since ',
        to_char(incidents.began_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
        ' UTC, last value ',
        incidents.reading_value,
        '. Tell: ',
        coalesce(incidents.responsible, 'the branch'),
        '.'
    ) as sentence
from live.sensor_incidents as incidents
where
    not exists (
        select 1
        from audit.told
        where told.incident_key = incidents.incident_key
    )
order by incidents.began_at, incidents.incident_key
limit %(most)s
