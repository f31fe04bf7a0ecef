{%- set cash = ['cash_paid_in', 'cash_paid_back', 'cash_tips'] -%}
{%- set amounts = cash + ['cash_to_bank'] -%}

with

branch_days as (select * from {{ ref('rpt_branch_days') }}),

payment_days as (select * from {{ ref('rpt_payment_days') }}),

branches as (select * from {{ ref('dim_branches') }}),

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
            as unknown_amount,
        max(case
            when payment_method = 'unknown' and (payments > 0 or paid_back_amount_exact <> 0)
                then 1
            else 0
        end) as has_unknown
    from payment_days
    group by branch_id, business_date

),

-- a day without a payment has zeros; of one that was paid in ways that nobody knows, cash is not
-- known
filled as (

    select
        branch_days.branch_id,
        branch_days.business_date,
        branch_days.is_complete,
        branch_days.currency,
        branches.minor_unit,
        {%- for amount in cash %}
        case
            when coalesce(cash_days.has_unknown, 0) = 0 then coalesce(cash_days.{{ amount }}, 0)
        end as {{ amount }},
        {%- endfor %}
        coalesce(cash_days.unknown_amount, 0) as unknown_amount
    from branch_days
    inner join branches on branch_days.branch_id = branches.branch_id
    left join cash_days
        on
            branch_days.branch_id = cash_days.branch_id
            and branch_days.business_date = cash_days.business_date

),

banked as (

    select
        *,
        cash_paid_in - cash_paid_back
        {%- if var('tips_in_drawer') %} + cash_tips{% endif %} as cash_to_bank
    from filled

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
        {{ money('unknown_amount') }} as unknown_amount,

        -- the same, not rounded
        {%- for amount in amounts %}
        cast({{ amount }} as {{ exact_type() }}) as {{ amount }}_exact,
        {%- endfor %}
        cast(unknown_amount as {{ exact_type() }}) as unknown_amount_exact
    from banked

)

select * from final
