{%- set amounts = ['taxable_amount', 'tax_amount', 'taxable_refunded', 'tax_refunded'] -%}

with

taxes as (select * from {{ ref('fct_order_taxes') }}),

branches as (select * from {{ ref('dim_branches') }}),

days as (

    select
        {%- for amount in amounts %}
        sum({{ amount }}_exact) as {{ amount }},
        {%- endfor %}
        branch_id,
        business_date,
        tax_rate,
        currency
    from taxes
    group by branch_id, business_date, tax_rate, currency

),

final as (

    select
        -- key: a rate that is not known is one, too
        {{ dbt.concat([
            "days.branch_id", "'-'", dbt.cast("days.business_date", dbt.type_string()), "'-'",
            "coalesce(" ~ dbt.cast("days.tax_rate", dbt.type_string()) ~ ", 'unknown')"
        ]) }} as tax_day_key,
        days.branch_id,
        days.business_date,
        days.tax_rate,

        -- money
        days.currency,
        {%- for amount in amounts %}
        {{ money('days.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}

        -- the same, not rounded
        {%- for amount in amounts %}
        cast(days.{{ amount }} as {{ exact_type() }}) as {{ amount }}_exact,
        {%- endfor %}

        -- what is to be paid
        {{ money('days.tax_amount - days.tax_refunded', 'branches.minor_unit') }} as tax_due
    from days
    inner join branches on days.branch_id = branches.branch_id

)

select * from final
