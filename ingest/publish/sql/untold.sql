-- The incidents that go on and of which nobody was told, each with a sentence.
-- Somebody was told of the same one if it began then as now or later: readings that came late have
-- moved its begin. A silence goes on until a reading that was measured after somebody was told. Of
-- what began a day ago, live does not know the begin: it is the same unless the marts have its end.
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
        where
            told.device_id = incidents.device_id
            and told.incident_kind = incidents.incident_kind
            and (
                told.began_at >= incidents.began_at
                or (told.incident_kind = 'silence' and told.told_at >= incidents.began_at)
                or (
                    incidents.began_at < now() - interval '23 hours'
                    and not exists (
                        select 1
                        from marts.fct_sensor_incidents as ended
                        where
                            ended.device_id = told.device_id
                            and ended.incident_kind = told.incident_kind
                            and told.began_at >= ended.began_at
                            and told.began_at < ended.ended_at
                    )
                )
            )
    )
order by incidents.began_at, incidents.incident_key
limit %(most)s
