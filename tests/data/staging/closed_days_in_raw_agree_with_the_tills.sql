-- Till = raw, per branch and day, to the cent: what could not be healed stops the publication.
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
