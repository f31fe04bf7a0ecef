-- A name that is not on the list would stop every model that needs the branch's clock.
with branches as (
    select * from {{ ref('branches') }}
),

known as (
    select time_zone from {{ known_time_zones() }}
),

failures as (
    select
        branches.branch_id,
        branches.time_zone
    from branches
    left join known on branches.time_zone = known.time_zone
    where known.time_zone is null
)

select * from failures
