-- A broken feed is an incident, not a statistic: no more of a source's records may be in quarantine
-- than the project allows, be it of all of them or of those of one day's loads. Of up to a hundred
-- records the share says little.
with records as (
    select * from {{ ref('int_records_counted') }}
),

days as (
    select
        source_name,
        loaded_on,
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine
    from records
    group by source_name, loaded_on
    union all
    select
        source_name,
        cast(null as date) as loaded_on,
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine
    from records
    group by source_name
),

failures as (
    select * from days
    where
        records_in_quarantine > {{ var('largest_quarantine_share') }} * records
        and (loaded_on is null or records_in_quarantine > 100)
)

select * from failures
