{{ config(materialized='table') }}
{%- set amounts = {
    'consumed_amount':
        'case when consumed_quantity = 0 then 0 else consumed_quantity * unit_cost end',
    'variance_amount': '(expected_quantity - plausible_quantity) * unit_cost'} %}

with

moved as (select * from {{ ref('int_stock_judged') }}),

ingredients as (select * from {{ ref('ingredients') }}),

branches as (select * from {{ ref('branches') }}),

currencies as (select * from {{ ref('currencies') }}),

-- a stretch ends with the day of a count that is believed; the first one begins without a count
stretched as (

    select
        *,
        count(believed_quantity) over (
            by_day rows between unbounded preceding and 1 preceding
        ) as stretch_number,
        lag(believed_quantity) over by_day as counted_the_day_before,
        count(delivered_price) over by_day as price_number,
        avg(consumed_quantity) over (by_day rows between 13 preceding and current row)
            as daily_consumption
    from moved
    window by_day as (partition by branch_id, ingredient_id order by business_date)

),

-- the last count before, brought forward by what came and went since
opened as (

    select
        *,
        first_value(counted_the_day_before) over by_day
        + coalesce(
            sum(delivered_quantity - consumed_quantity) over (
                by_day rows between unbounded preceding and 1 preceding
            ),
            0
        ) as opening_quantity,
        case
            when stretch_number > 0
                then {{ dbt.dateadd('day', -1, 'first_value(business_date) over by_day') }}
        end as last_count_date,
        first_value(delivered_price) over (
            partition by branch_id, ingredient_id, price_number order by business_date
        ) as delivered_price_until_now
    from stretched
    window by_day as (
        partition by branch_id, ingredient_id, stretch_number order by business_date
    )

),

valued as (

    select
        opened.*,
        ingredients.unit,
        branches.currency,
        coalesce(currencies.minor_unit, 2) as minor_unit,
        opened.opening_quantity + opened.delivered_quantity - opened.consumed_quantity
            as expected_quantity,
        case when not opened.is_surplus then opened.counted_quantity end as plausible_quantity,
        -- the seed's cost is of use only where the branch pays in its currency
        cast(
            coalesce(
                opened.delivered_price_until_now,
                case when ingredients.currency = branches.currency then ingredients.unit_cost end
            ) as {{ exact_type() }}
        ) as unit_cost
    from opened
    inner join ingredients on opened.ingredient_id = ingredients.ingredient_id
    inner join branches on opened.branch_id = branches.branch_id
    left join currencies on branches.currency = currencies.currency

),

final as (

    select
        -- keys
        {{ surrogate_key('branch_id', ['ingredient_id', 'business_date']) }} as stock_day_key,
        branch_id,
        ingredient_id,
        business_date,
        cast(last_count_date as date) as last_count_date,

        -- quantities
        unit,
        cast(opening_quantity as numeric(14, 4)) as opening_quantity,
        cast(delivered_quantity as numeric(14, 4)) as delivered_quantity,
        cast(consumed_quantity as numeric(14, 4)) as consumed_quantity,
        cast(expected_quantity as numeric(14, 4)) as expected_quantity,
        counted_quantity,
        is_surplus,
        cast(expected_quantity - plausible_quantity as numeric(14, 4)) as variance_quantity,
        cast(daily_consumption as numeric(14, 4)) as daily_consumption,

        -- money
        currency,
        unit_cost,
        {%- for name, amount in amounts.items() %}
        {{ money('(' ~ amount ~ ')') }} as {{ name }},
        cast({{ amount }} as {{ exact_type() }}) as {{ name }}_exact,
        {%- endfor %}

        -- how long it lasts
        -- `greatest` would take what is not known for nothing
        cast(
            case
                when coalesce(believed_quantity, expected_quantity) < 0 then 0
                else coalesce(believed_quantity, expected_quantity)
            end / nullif(cast(daily_consumption as numeric(14, 4)), 0) as numeric(12, 1)
        ) as days_of_cover,
        case
            when counted_quantity = 0 or expected_quantity < 0 then true
            when coalesce(counted_quantity, expected_quantity) is not null then false
        end as is_stock_out
    from valued

)

select * from final
