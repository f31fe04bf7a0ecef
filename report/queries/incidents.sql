-- What was wrong with devices, from the day on which it began to that on which it ended, of those
-- that touch a day that the page holds.
with incidents as (
    select
        incidents.*,
        branches.branch_name,
        branches.currency,
        branches.time_zone,
        cast(
            incidents.ended_at at time zone branches.time_zone
            - make_interval(hours => branches.cutover_hour) as date
        ) as ended_on
    from marts.fct_sensor_incidents as incidents
    inner join marts.dim_branches as branches on incidents.branch_id = branches.branch_id
)

select
    scopes.scope_id,
    incidents.business_date,
    coalesce(incidents.ended_on, held.last_date) as last_date,
    to_char(incidents.began_at at time zone incidents.time_zone, 'YYYY-MM-DD HH24:MI') as began,
    incidents.branch_name,
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
from incidents
inner join device_limits as limits
    on incidents.branch_id = limits.branch_id and incidents.device_id = limits.device_id
inner join held_days as held on incidents.branch_id = held.branch_id
cross join lateral (values (incidents.branch_id), (incidents.currency)) as scopes (scope_id)
where
    incidents.business_date <= held.last_date
    and coalesce(incidents.ended_on, held.last_date) >= held.first_date
order by scopes.scope_id, began desc, incidents.branch_name, limits.device_name
