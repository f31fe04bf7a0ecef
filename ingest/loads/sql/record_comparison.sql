with both_sides as (
    select
        business_date,
        figure,
        trim_scale(sum(case when side = 'source' then value else 0 end)) as at_source,
        trim_scale(sum(case when side = 'raw' then value else 0 end)) as in_raw
    from day_figures
    group by business_date, figure
),

emptied as (
    select
        business_date,
        figure,
        0 as at_source,
        0 as in_raw
    from audit.reconciliation
    where
        source = %(source)s
        and branch_id = %(branch)s
        and business_date between %(first)s and %(last)s
        and (business_date, figure) not in (select business_date, figure from both_sides)
),

differed as (
    select
        business_date,
        figure
    from unnest(%(differed_on)s::date[], %(differed_in)s::text[]) as found (
        business_date, figure
    )
),

compared as (
    select
        figures.*,
        differed.figure is not null as has_differed
    from (
        select * from both_sides
        union all
        select * from emptied
    ) as figures
    left join differed
        on
            figures.business_date = differed.business_date
            and figures.figure = differed.figure
)

insert into audit.reconciliation as known (
    source,
    branch_id,
    business_date,
    figure,
    reconciled_at,
    run_id,
    at_till,
    in_raw,
    difference,
    is_healed,
    is_open_day
)
select
    %(source)s,
    %(branch)s,
    business_date,
    figure,
    now(),
    (
        select run_id
        from audit.loads
        where source = %(source)s and branch_id = %(branch)s
        order by started_at desc
        limit 1
    ),
    at_source,
    in_raw,
    in_raw - at_source,
    case when has_differed or at_source <> in_raw then at_source = in_raw end,
    business_date between %(today)s and %(tomorrow)s
from compared
on conflict (source, branch_id, business_date, figure) do update set
    reconciled_at = excluded.reconciled_at,
    run_id = excluded.run_id,
    at_till = excluded.at_till,
    in_raw = excluded.in_raw,
    difference = excluded.difference,
    -- a figure that was mended once stays marked so while it is equal
    is_healed = coalesce(
        excluded.is_healed,
        case when known.is_healed is not null then true end
    ),
    is_open_day = excluded.is_open_day
