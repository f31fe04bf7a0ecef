-- What was wrong with devices, by the day on which it began, of the days that the page holds.
select
    scopes.scope_id,
    incidents.business_date,
    to_char(incidents.began_at at time zone branches.time_zone, 'YYYY-MM-DD HH24:MI') as began,
    branches.branch_name,
    limits.device_name,
    case incidents.incident_kind
        when 'out_of_range' then 'out of range'
        when 'silence' then 'no readings'
        when 'stuck' then 'stuck value'
        when 'jump' then 'unusual value'
        else incidents.incident_kind
    end as incident_kind,
    incidents.worst_value,
    limits.allowed,
    incidents.incident_minutes,
    case when incidents.ended_at is null then 'lasts' else 'over' end as state,
    incidents.contents_cost,
    incidents.responsible
from marts.fct_sensor_incidents as incidents
inner join device_limits as limits
    on incidents.branch_id = limits.branch_id and incidents.device_id = limits.device_id
inner join marts.dim_branches as branches on incidents.branch_id = branches.branch_id
inner join held_days as held on incidents.branch_id = held.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where incidents.business_date between held.first_date and held.last_date
order by scopes.scope_id, began desc, branches.branch_name, limits.device_name
