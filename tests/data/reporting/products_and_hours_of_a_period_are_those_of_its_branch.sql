-- Per branch and period: as many units and orders in the roll-ups as in all of its days together.
with booked as (
    select
        branch_id,
        period_id,
        units,
        orders
    from {{ ref('rpt_branch_periods') }}
    union all
    select
        branch_id,
        period_id,
        -units as units,
        0 as orders
    from {{ ref('rpt_product_periods') }}
    union all
    select
        branch_id,
        period_id,
        0 as units,
        -orders as orders
    from {{ ref('rpt_hour_periods') }}
),

differences as (
    select
        branch_id,
        period_id,
        sum(units) as units,
        count(*) - count(units) as unknown_units,
        sum(orders) as orders
    from booked
    group by branch_id, period_id
),

failures as (
    select * from differences
    -- of some products nobody knows the units
    where (units <> 0 and unknown_units = 0) or orders <> 0
)

select * from failures
