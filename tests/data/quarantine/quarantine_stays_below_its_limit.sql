{{ config(severity='warn') }}

-- A broken feed is an incident, not a statistic: no more of a branch's records may be in quarantine
-- than the project allows, whether of all of them or of those of one day's loads. Of up to a
-- hundred records the share says little. What is above stops no other branch: `mypizza status`
-- asks for a person.
with records as (
    select * from {{ ref('int_records_counted') }}
),

days as (
    select
        source_name,
        branch_id,
        loaded_on,
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine
    from records
    group by source_name, branch_id, loaded_on
    union all
    select
        source_name,
        branch_id,
        cast(null as date) as loaded_on,
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine
    from records
    group by source_name, branch_id
),

failures as (
    select * from days
    where
        records_in_quarantine > {{ var('largest_quarantine_share') }} * records
        and (loaded_on is null or records_in_quarantine > 100)
)

select * from failures
