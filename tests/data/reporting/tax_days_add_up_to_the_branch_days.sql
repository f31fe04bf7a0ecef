-- Per branch and day: the tax of all rates together is the day's, and what was sold less what was
-- given back is the net revenue, but for the rounding of each order.
with rates as (
    select
        branch_id,
        business_date,
        sum(tax_amount_exact) as tax_amount,
        sum(tax_refunded_exact) as tax_refunded,
        sum(taxable_amount_exact - taxable_refunded_exact) as taxable_net
    from {{ ref('rpt_tax_days') }}
    group by branch_id, business_date
),

receipts as (
    select
        branch_id,
        business_date,
        count(*) as receipts
    from {{ ref('fct_orders') }}
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
        days.net_revenue_exact,
        rates.tax_amount as tax_of_rates,
        rates.tax_refunded as tax_refunded_of_rates,
        rates.taxable_net
    from days
    left join rates
        on days.branch_id = rates.branch_id and days.business_date = rates.business_date
    left join receipts
        on days.branch_id = receipts.branch_id and days.business_date = receipts.business_date
    where
        abs(days.tax_amount_exact - coalesce(rates.tax_amount, 0)) > 0.0001
        or abs(days.tax_refunded_exact - coalesce(rates.tax_refunded, 0)) > 0.0001
        or abs(days.net_revenue_exact - coalesce(rates.taxable_net, 0))
        > 0.02 * coalesce(receipts.receipts, 0) + 0.0001
)

select * from failures
