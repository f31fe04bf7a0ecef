-- Every branch has every day from its first sale, or a later opening, to its newest sale.
with reported as (
    select
        branch_id,
        min(business_date) as first_reported_date,
        max(business_date) as last_reported_date,
        count(*) as reported_days,
        {{ dbt.datediff('min(business_date)', 'max(business_date)', 'day') }} + 1 as calendar_days
    from {{ ref('rpt_branch_days') }}
    group by branch_id
),

traded as (
    select
        branch_id,
        max(business_date) as last_business_date,
        min(business_date) as first_business_date
    from {{ ref('fct_orders') }}
    group by branch_id
),

branches as (
    select
        dim_branches.branch_id,
        greatest(dim_branches.opened_on, traded.first_business_date) as first_expected_date,
        traded.last_business_date
    from {{ ref('dim_branches') }} as dim_branches
    inner join traded on dim_branches.branch_id = traded.branch_id
),

differences as (
    select
        branches.branch_id,
        branches.first_expected_date,
        reported.first_reported_date,
        branches.last_business_date,
        reported.last_reported_date,
        reported.reported_days,
        reported.calendar_days
    from branches
    left join reported on branches.branch_id = reported.branch_id
    where
        branches.first_expected_date <= branches.last_business_date
        and (
            reported.branch_id is null
            or reported.first_reported_date <> branches.first_expected_date
            or reported.last_reported_date < branches.last_business_date
            or reported.reported_days <> reported.calendar_days
        )
)

select * from differences
