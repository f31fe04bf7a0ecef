-- Staging = marts, per branch and day: every line, and its money to the cent.
with staged as (
    select
        branch_id,
        business_date,
        count(*) as line_count,
        sum(cast(quantity * unit_price as numeric(14, 2))) as amount
    from {{ ref('stg_files__stock_deliveries') }}
    where deleted_at is null
    group by branch_id, business_date
),

built as (
    select
        branch_id,
        business_date,
        count(*) as line_count,
        sum(amount) as amount
    from {{ ref('fct_deliveries') }}
    group by branch_id, business_date
),

failures as (
    select
        coalesce(staged.branch_id, built.branch_id) as branch_id,
        coalesce(staged.business_date, built.business_date) as business_date,
        staged.line_count as lines_in_staging,
        built.line_count as lines_in_marts,
        staged.amount as amount_in_staging,
        built.amount as amount_in_marts
    from staged
    full join built
        on staged.branch_id = built.branch_id and staged.business_date = built.business_date
    where
        coalesce(staged.line_count, 0) <> coalesce(built.line_count, 0)
        or coalesce(staged.amount, 0) <> coalesce(built.amount, 0)
)

select * from failures
