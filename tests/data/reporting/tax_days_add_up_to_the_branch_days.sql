-- Per branch and day: the tax of all rates together is the day's.
with rates as (
    select
        branch_id,
        business_date,
        sum(tax_amount_exact) as tax_amount,
        sum(tax_refunded_exact) as tax_refunded
    from {{ ref('rpt_tax_days') }}
    group by branch_id, business_date
),

days as (
    select * from {{ ref('rpt_branch_days') }}
),

failures as (
    select
        days.branch_id,
        days.business_date,
        days.tax_amount_exact,
        days.tax_refunded_exact,
        rates.tax_amount as tax_of_rates,
        rates.tax_refunded as tax_refunded_of_rates
    from days
    left join rates
        on days.branch_id = rates.branch_id and days.business_date = rates.business_date
    where
        abs(days.tax_amount_exact - coalesce(rates.tax_amount, 0)) > 0.0001
        or abs(days.tax_refunded_exact - coalesce(rates.tax_refunded, 0)) > 0.0001
)

select * from failures
