{{ config(severity='warn') }}

-- A broken feed is an incident, not a statistic: no more of a branch's records may be in quarantine
-- than the project allows, whether of all of them or of those of one day's loads. Records of no
-- known branch are compared with all records of their table: one bad row is not a broken feed. Of
-- up to a hundred records of a day the share says little. What is above stops no other branch:
-- `mypizza status` asks for a person.
with records as (
    select * from {{ ref('int_records_counted') }}
),

judged as (
    select
        source_name,
        branch_id,
        cast(null as {{ dbt.type_string() }}) as table_name,
        loaded_on,
        records,
        records_in_quarantine
    from records
    where branch_id is not null
    union all
    select
        source_name,
        cast(null as {{ dbt.type_string() }}) as branch_id,
        table_name,
        loaded_on,
        records,
        case when branch_id is null then records_in_quarantine else 0 end as records_in_quarantine
    from records
),

summed as (
    select
        source_name,
        branch_id,
        table_name,
        loaded_on,
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine
    from judged
    group by source_name, branch_id, table_name, loaded_on
    union all
    select
        source_name,
        branch_id,
        table_name,
        cast(null as date) as loaded_on,
        sum(records) as records,
        sum(records_in_quarantine) as records_in_quarantine
    from judged
    group by source_name, branch_id, table_name
),

failures as (
    select * from summed
    where
        records_in_quarantine > {{ var('largest_quarantine_share') }} * records
        and (loaded_on is null or records_in_quarantine > 100)
)

select * from failures
