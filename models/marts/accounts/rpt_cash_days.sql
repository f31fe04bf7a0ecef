{%- set amounts = ['cash_paid_in', 'cash_paid_back', 'cash_tips', 'unknown_amount'] -%}

with

branch_days as (

    select * from {{ ref('rpt_branch_days') }}

),

payment_days as (

    select * from {{ ref('rpt_payment_days') }}

),

branches as (

    select * from {{ ref('dim_branches') }}

),

cash_days as (

    select
        branch_id,
        business_date,
        sum(case when payment_method = 'cash' then paid_in_amount_exact else 0 end)
            as cash_paid_in,
        sum(case when payment_method = 'cash' then paid_back_amount_exact else 0 end)
            as cash_paid_back,
        sum(case when payment_method = 'cash' then tips_amount_exact else 0 end) as cash_tips,
        sum(case when payment_method = 'unknown' then taken_amount_exact else 0 end)
            as unknown_amount
    from payment_days
    group by branch_id, business_date

),

-- a day without a payment has zeros
filled as (

    select
        branch_days.branch_id,
        branch_days.business_date,
        branch_days.is_complete,
        branch_days.currency,
        branches.minor_unit,
        {%- for amount in amounts %}
        coalesce(cash_days.{{ amount }}, 0) as {{ amount }},
        {%- endfor %}
        coalesce(cash_days.cash_paid_in - cash_days.cash_paid_back, 0)
        {%- if var('tips_in_drawer') %}
        + coalesce(cash_days.cash_tips, 0)
        {%- endif %} as cash_to_bank
    from branch_days
    inner join branches on branch_days.branch_id = branches.branch_id
    left join cash_days
        on
            branch_days.branch_id = cash_days.branch_id
            and branch_days.business_date = cash_days.business_date

),

final as (

    select
        -- key
        branch_id,
        business_date,
        is_complete,

        -- money
        currency,
        {%- for amount in amounts %}
        {{ money(amount) }} as {{ amount }},
        {%- endfor %}
        {{ money('cash_to_bank') }} as cash_to_bank,

        -- the same, not rounded
        {%- for amount in amounts %}
        cast({{ amount }} as {{ exact_type() }}) as {{ amount }}_exact,
        {%- endfor %}
        cast(cash_to_bank as {{ exact_type() }}) as cash_to_bank_exact
    from filled

)

select * from final
