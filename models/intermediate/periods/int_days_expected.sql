{{ config(materialized="table") }}
{#- Figures that are like themselves from week to week: amounts, and shares, which are odd where
    they are high. #}
{%- set amounts = {'revenue_before_refunds': 'revenue_before_refunds_exact', 'orders': 'orders'} %}
{%- set shares = {
    'discount_share': ('discount_amount_exact', 'gross_revenue_exact'),
    'refund_share': ('refund_amount_exact', 'revenue_before_refunds_exact'),
    'cancelled_share': ('cancelled_orders', 'orders + cancelled_orders'),
} %}

with

cancelled as (

    select
        branch_id,
        business_date,
        count(*) as orders
    from {{ ref('fct_orders') }}
    where is_cancelled
    group by branch_id, business_date

),

days as (

    select
        branch_days.*,
        dates.iso_day_of_week,
        coalesce(cancelled.orders, 0) as cancelled_orders
    from {{ ref('rpt_branch_days') }} as branch_days
    inner join {{ ref('dim_dates') }} as dates on branch_days.business_date = dates.date_day
    left join cancelled
        on
            branch_days.branch_id = cancelled.branch_id
            and branch_days.business_date = cancelled.business_date
    where branch_days.is_complete

),

figures as (

    {%- for figure, amount in amounts.items() %}
    select
        branch_id,
        business_date,
        iso_day_of_week,
        orders,
        '{{ figure }}' as figure,
        false as is_share,
        cast({{ amount }} as numeric(38, 10)) as figure_value
    from days

    union all

    {%- endfor %}
    {%- for figure, (part, whole) in shares.items() %}
    select
        branch_id,
        business_date,
        iso_day_of_week,
        orders,
        '{{ figure }}' as figure,
        true as is_share,
        cast({{ part }} as numeric(38, 10))
        / nullif({{ whole }}, 0) as figure_value
    from days
    {%- if not loop.last %}

    union all

    {%- endif %}
    {%- endfor %}

),

-- a day is like those of its weekday in the eight weeks before, when the season was the same
final as (

    select
        figures.branch_id,
        figures.business_date,
        figures.figure,
        figures.is_share,
        figures.orders,
        cast(figures.figure_value as numeric(38, 10)) as figure_value,
        cast(
            percentile_cont(0.5) within group (order by earlier.figure_value) as numeric(38, 10)
        ) as expected_value
    from figures
    inner join figures as earlier
        on
            figures.branch_id = earlier.branch_id
            and figures.figure = earlier.figure
            and figures.iso_day_of_week = earlier.iso_day_of_week
            and figures.business_date > earlier.business_date
            and figures.business_date <= {{ dbt.dateadd('day', 56, 'earlier.business_date') }}
    where figures.figure_value is not null and earlier.figure_value is not null
    group by
        figures.branch_id, figures.business_date, figures.figure, figures.is_share,
        figures.orders, figures.figure_value
    having count(*) >= 6

)

select * from final
