with

orders as (

    select
        *,
        gross_revenue_exact - discount_amount_exact
        + case when prices_include_tax then 0 else tax_amount_exact end
        - returned_amount_exact - returned_tax_exact + line_tips_exact as total_exact
    from {{ ref('fct_orders') }}
    where not is_cancelled

),

told as (select * from {{ ref('int_till_figures') }}),

branches as (select * from {{ ref('dim_branches') }}),

-- compared order by order, so that no two errors make up for each other
order_days as (

    select
        branch_id,
        business_date,
        sum(paid_amount_exact) as paid_at_till,
        sum(paid_amount_exact + unpaid_amount_exact) as paid_in_marts,
        sum(
            case
                when abs(unpaid_amount_exact) >= 0.01 or {{ has_lost_its_lines() }} then 1 else 0
            end
        ) as unpaid_orders,
        count(till_total_exact) as totals,
        sum(till_total_exact) as total_at_till,
        sum(case when till_total_exact is not null then total_exact end) as total_in_marts,
        sum(case when abs(till_total_exact - total_exact) >= 0.01 then 1 else 0 end)
            as differing_orders,
        sum(case when system_name = 'exports' then 1 else 0 end) as exported_orders,
        -- what the guests were charged, tips included
        sum(gross_revenue_exact - discount_amount_exact + line_tips_exact) as sold_in_marts
    from orders
    group by branch_id, business_date

),

closings as (

    select
        branch_id,
        closing_id,
        min(business_date) as business_date,
        sum(paid_amount_exact) as paid_amount,
        sum(order_revenue_exact) as net_amount,
        sum(tax_amount_exact - order_tax_refunds_exact) as tax_amount
    from orders
    where closing_id is not null
    group by branch_id, closing_id

),

compared as (

    select
        branch_id,
        business_date,
        'payments of the orders' as figure,
        cast(null as {{ dbt.type_string() }}) as closing_id,
        paid_at_till as at_till,
        paid_in_marts as in_marts,
        unpaid_orders = 0 as is_equal
    from order_days
    -- an export's payments are its lines over again, and prove nothing
    where exported_orders = 0

    union all

    select
        branch_id,
        business_date,
        'totals of the orders' as figure,
        cast(null as {{ dbt.type_string() }}) as closing_id,
        total_at_till as at_till,
        total_in_marts as in_marts,
        differing_orders = 0 as is_equal
    from order_days
    where totals > 0

    union all

    select
        told.branch_id,
        coalesce(closings.business_date, told.business_date) as business_date,
        told.figure,
        told.closing_id,
        told.at_till,
        coalesce(
            told.in_lines,
            case told.figure
                when 'sales of the day' then order_days.sold_in_marts
                when 'paid of the closing' then closings.paid_amount
                when 'net of the closing' then closings.net_amount
                when 'tax of the closing' then closings.tax_amount
            end, 0
        ) as in_marts,
        cast(null as boolean) as is_equal
    from told
    left join closings
        on told.branch_id = closings.branch_id and told.closing_id = closings.closing_id
    left join order_days
        on
            told.branch_id = order_days.branch_id
            and told.business_date = order_days.business_date

),

final as (

    select
        -- key
        {{ dbt.concat([
            "compared.branch_id", "'-'", dbt.cast("compared.business_date", dbt.type_string()),
            "'-'", "coalesce(compared.closing_id, '')", "'-'", "compared.figure"
        ]) }} as till_figure_key,
        compared.branch_id,
        compared.business_date,
        compared.figure,
        compared.closing_id,

        -- money
        branches.currency,
        {{ money('compared.at_till', 'branches.minor_unit') }} as at_till,
        {{ money('compared.in_marts', 'branches.minor_unit') }} as in_marts,
        {{ money('compared.in_marts - compared.at_till', 'branches.minor_unit') }} as difference,

        -- state
        coalesce(compared.is_equal, abs(compared.in_marts - compared.at_till) < 0.01) as is_equal
    from compared
    inner join branches on compared.branch_id = branches.branch_id
    inner join {{ ref('dim_dates') }} as dates on compared.business_date = dates.date_day

)

select * from final
