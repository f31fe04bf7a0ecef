{%- set amounts = ['taxable_amount', 'tax_amount', 'taxable_refunded', 'tax_refunded'] -%}

with

tax_days as (

    select * from {{ ref('rpt_tax_days') }}

),

branch_days as (

    select * from {{ ref('rpt_branch_days') }}

),

branches as (

    select * from {{ ref('dim_branches') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

-- a month is over when all days of all branches are, up to its last one
trading_months as (

    select
        branches.country_code,
        dates.month_start,
        branch_days.currency,
        min(case when branch_days.is_complete then 1 else 0 end) = 1
        and (
            max(max(branch_days.business_date)) over (
                partition by branches.country_code, branch_days.currency
            ) >= cast({{ dbt.last_day('dates.month_start', 'month') }} as date)
        ) as is_complete
    from branch_days
    inner join branches on branch_days.branch_id = branches.branch_id
    inner join dates on branch_days.business_date = dates.date_day
    group by branches.country_code, dates.month_start, branch_days.currency

),

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
        coalesce(trading_months.is_complete, false) as is_complete,
        months.branches,

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
    left join trading_months
        on
            months.country_code = trading_months.country_code
            and months.month_start = trading_months.month_start
            and months.currency = trading_months.currency

)

select * from final
