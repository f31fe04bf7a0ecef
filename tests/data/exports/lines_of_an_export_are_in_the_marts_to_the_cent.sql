-- Export = marts, per branch and business date, exactly: what was sold, and what was paid back.
-- The day is the line's own, as in the till's day totals.
with branches as (
    select * from {{ ref('branches') }}
),

dated as (
    select
        export_lines.branch_id,
        {{ business_date('export_lines.sold_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        case when export_lines.line_kind <> 'return' then export_lines.charged_amount else 0 end
            as sold,
        case
            when export_lines.line_kind <> 'return' then 0
            when export_lines.prices_include_tax then -export_lines.charged_amount
            else -export_lines.charged_amount - coalesce(export_lines.tax_amount, 0)
        end as paid_back
    from {{ ref('stg_exports__lines') }} as export_lines
    inner join branches on export_lines.branch_id = branches.branch_id
    where export_lines.deleted_at is null
),

exported as (
    select
        branch_id,
        business_date,
        sum(sold) as sold,
        sum(paid_back) as paid_back
    from dated
    group by branch_id, business_date
),

in_marts as (
    select
        branch_id,
        business_date,
        gross_revenue_exact - discount_amount_exact + line_tips_exact as sold,
        0 as paid_back
    from {{ ref('fct_orders') }}
    union all
    select
        branch_id,
        business_date,
        0 as sold,
        paid_back_amount_exact as paid_back
    from {{ ref('fct_payments') }}
    where payment_type = 'refund'
),

built as (
    select
        branch_id,
        business_date,
        sum(sold) as sold,
        sum(paid_back) as paid_back
    from in_marts
    where branch_id in (select exporting.branch_id from exported as exporting)
    group by branch_id, business_date
),

failures as (
    select
        coalesce(exported.branch_id, built.branch_id) as branch_id,
        coalesce(exported.business_date, built.business_date) as business_date,
        exported.sold,
        built.sold as sold_in_marts,
        exported.paid_back,
        built.paid_back as paid_back_in_marts
    from exported
    full join built
        on exported.branch_id = built.branch_id and exported.business_date = built.business_date
    where
        coalesce(exported.sold, 0) <> coalesce(built.sold, 0)
        or coalesce(exported.paid_back, 0) <> coalesce(built.paid_back, 0)
)

select * from failures
