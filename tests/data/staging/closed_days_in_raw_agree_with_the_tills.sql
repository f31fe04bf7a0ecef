{{ config(severity='warn') }}

-- Till = raw, per branch and day, to the cent. A day that could not be healed is published
-- and is not proven; the load that could not heal it ends the run with 1.
with reconciliation as (
    select * from {{ ref('stg_audit__reconciliation') }}
),

failures as (
    select
        source_name,
        branch_id,
        business_date,
        figure,
        at_till,
        in_raw,
        difference,
        reconciled_at,
        run_id
    from reconciliation
    where difference <> 0 and not is_open_day
)

select * from failures
