{%- set amounts = [
    'gross_revenue', 'revenue_before_refunds', 'refund_amount', 'net_revenue', 'tips_amount',
] -%}

with

days as (select * from {{ ref('rpt_branch_days') }}),

rates as (select * from {{ ref('exchange_rates') }}),

-- from its first day on, a branch has each day until it closes; one that lacks a day is late
spans as (

    select
        days.branch_id,
        min(days.business_date) as first_date,
        min(closings.closed_on) as closed_on
    from days
    left join {{ ref('branch_closings') }} as closings on days.branch_id = closings.branch_id
    group by days.branch_id

),

expected as (

    select
        dates.business_date,
        count(*) as branches
    from (select distinct business_date from days) as dates
    inner join spans
        on
            dates.business_date >= spans.first_date
            and dates.business_date <= coalesce(spans.closed_on, dates.business_date)
    group by dates.business_date

),

currencies as (

    select * from {{ ref('currencies') }}
    where currency = '{{ var("chain_currency") }}'

),

converted as (

    select
        days.*,
        case
            when days.currency = '{{ var("chain_currency") }}' then 1
            -- nothing needs no rate: a day on which the branch was closed
            when
                days.gross_revenue_exact = 0 and days.net_revenue_exact = 0
                and days.refund_amount_exact = 0 and days.tips_amount_exact = 0
                then 1
            else rates.rate
        end as rate
    from days
    left join rates
        on days.currency = rates.currency and days.business_date = rates.rate_date

),

-- a total is known only where all of it is, and can be converted
chain_days as (

    select
        business_date,
        count(*) as branches,
        count(*) - count(rate) as branches_without_rate,
        case
            when count(case when orders is null and gross_revenue_exact <> 0 then 1 end) = 0
                then sum(orders)
        end as orders,
        {%- for amount in amounts %}
        case when count(*) = count(rate) then sum({{ amount }}_exact * rate) end as {{ amount }},
        {%- endfor %}
        min(case when is_complete then 1 else 0 end) = 1 as is_complete,
        min(case when is_proven then 1 else 0 end) = 1 as is_proven
    from converted
    group by business_date

),

final as (

    select
        -- key
        chain_days.business_date,
        chain_days.is_complete and chain_days.branches >= expected.branches as is_complete,
        chain_days.is_proven and chain_days.branches >= expected.branches as is_proven,

        -- volume
        cast(chain_days.branches as integer) as branches,
        cast(chain_days.orders as integer) as orders,

        -- money
        currencies.currency,
        {%- for amount in amounts %}
        {{ money('chain_days.' ~ amount, 'currencies.minor_unit') }} as {{ amount }},
        {%- endfor %}
        cast(chain_days.branches_without_rate as integer) as branches_without_rate
    from chain_days
    inner join expected on chain_days.business_date = expected.business_date
    cross join currencies

)

select * from final
