-- What the ingest has recorded as loaded must lie in raw as a whole: the facts go by it.
with recorded as (
    select
        branch_id,
        max(load_id) as load_id
    from {{ ref('stg_audit__loads') }}
    where source_name = 'pos' and outcome = 'succeeded' and load_id is not null
    group by branch_id
),

complete as (
    select * from {{ ref('stg_pos__loads') }}
    where is_complete
),

failures as (
    select
        recorded.branch_id,
        recorded.load_id
    from recorded
    left join complete
        on recorded.branch_id = complete.branch_id and recorded.load_id = complete.load_id
    where complete.load_id is null
)

select * from failures
