{%- set amounts = ['taxable_amount', 'tax_amount', 'taxable_refunded', 'tax_refunded'] -%}

with

tax_days as (select * from {{ ref('rpt_tax_days') }}),

branch_days as (select * from {{ ref('rpt_branch_days') }}),

branches as (select * from {{ ref('dim_branches') }}),

dates as (select * from {{ ref('dim_dates') }}),

closings as (select * from {{ ref('branch_closings') }}),

months as (

    select
        branches.country_code,
        dates.month_start,
        tax_days.tax_rate,
        tax_days.currency,
        branches.minor_unit,
        {%- for amount in amounts %}
        sum(tax_days.{{ amount }}_exact) as {{ amount }},
        {%- endfor %}
        cast(count(distinct tax_days.branch_id) as integer) as branches
    from tax_days
    inner join branches on tax_days.branch_id = branches.branch_id
    inner join dates on tax_days.business_date = dates.date_day
    group by
        branches.country_code, dates.month_start, tax_days.tax_rate, tax_days.currency,
        branches.minor_unit

),

-- a branch that was never connected is none that is late
connected as (

    select distinct branch_id
    from branch_days

),

-- a branch is late in a month of which it lacks a day, or has one that is not over
late_months as (

    select
        months.country_code,
        months.currency,
        months.month_start,
        cast(count(distinct branches.branch_id) as integer) as late_branches
    from (
        select distinct
            country_code,
            currency,
            month_start
        from months
    ) as months
    inner join branches
        on months.country_code = branches.country_code and months.currency = branches.currency
    inner join connected on branches.branch_id = connected.branch_id
    left join closings on branches.branch_id = closings.branch_id
    inner join dates
        on
            months.month_start = dates.month_start
            and branches.opened_on <= dates.date_day
            and coalesce(closings.closed_on, dates.date_day) >= dates.date_day
    left join branch_days
        on
            branches.branch_id = branch_days.branch_id
            and dates.date_day = branch_days.business_date
            and branch_days.is_complete
    where branch_days.branch_id is null
    group by months.country_code, months.currency, months.month_start

),

final as (

    select
        -- key: a rate that is not known is one, too
        {{ dbt.concat([
            "months.country_code", "'-'", dbt.cast("months.month_start", dbt.type_string()), "'-'",
            "months.currency", "'-'",
            "coalesce(" ~ dbt.cast("months.tax_rate", dbt.type_string()) ~ ", 'unknown')"
        ]) }} as tax_month_key,
        months.country_code,
        months.month_start,
        months.tax_rate,

        -- how much of it is here
        late_months.late_branches is null as is_complete,
        months.branches,
        coalesce(late_months.late_branches, 0) as late_branches,

        -- money
        months.currency,
        {%- for amount in amounts %}
        {{ money('months.' ~ amount, 'months.minor_unit') }} as {{ amount }},
        {%- endfor %}

        -- what is to be declared: net of what was given back
        {{ money('months.taxable_amount - months.taxable_refunded', 'months.minor_unit') }}
            as taxable_net,
        {{ money('months.tax_amount - months.tax_refunded', 'months.minor_unit') }} as tax_due
    from months
    left join late_months
        on
            months.country_code = late_months.country_code
            and months.month_start = late_months.month_start
            and months.currency = late_months.currency

)

select * from final
