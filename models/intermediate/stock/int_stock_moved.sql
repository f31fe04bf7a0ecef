{{ config(materialized='table') }}

with consumed as (select * from {{ ref('int_ingredients_consumed') }}),

deliveries as (select * from {{ ref('int_deliveries_priced') }}),

counted as (select * from {{ ref('int_stock_counted') }}),

movements as (
    select
        branch_id,
        ingredient_id,
        business_date,
        consumed_quantity,
        0 as delivered_quantity,
        0 as delivered_amount,
        cast(null as numeric(14, 4)) as counted_quantity
    from consumed
    union all
    select
        branch_id,
        ingredient_id,
        business_date,
        0 as consumed_quantity,
        quantity as delivered_quantity,
        amount as delivered_amount,
        cast(null as numeric(14, 4)) as counted_quantity
    from deliveries
    union all
    select
        branch_id,
        ingredient_id,
        business_date,
        0 as consumed_quantity,
        0 as delivered_quantity,
        0 as delivered_amount,
        counted_quantity
    from counted
),

moved as (
    select
        branch_id,
        ingredient_id,
        business_date,
        sum(consumed_quantity) as consumed_quantity,
        sum(delivered_quantity) as delivered_quantity,
        sum(delivered_amount) as delivered_amount,
        max(counted_quantity) as counted_quantity
    from movements
    group by branch_id, ingredient_id, business_date
),

-- from an ingredient's first day at a branch to the branch's last day
spans as (
    select
        branch_id,
        ingredient_id,
        min(business_date) as first_date
    from moved
    group by branch_id, ingredient_id
),

branch_spans as (
    select
        branch_id,
        min(business_date) as first_date,
        max(business_date) as last_date
    from moved
    group by branch_id
),

-- enough days for 89 years; cut here, before every branch is joined with each of them
numbers as (
    select series.generated_number
    from ({{ dbt.generate_series(32768) }}) as series
    where series.generated_number <= (
        select
            max({{ dbt.datediff('branch_spans.first_date', 'branch_spans.last_date', 'day') }}) + 1
        from branch_spans
    )
),

branch_days as (
    select
        branch_spans.branch_id,
        {{ dbt.dateadd(
            'day', 'cast(numbers.generated_number as integer) - 1', 'branch_spans.first_date'
        ) }} as business_date
    from branch_spans
    inner join numbers
        on
            {{ dbt.datediff('branch_spans.first_date', 'branch_spans.last_date', 'day') }}
            >= numbers.generated_number - 1
),

days as (
    select
        spans.branch_id,
        spans.ingredient_id,
        cast(branch_days.business_date as date) as business_date
    from spans
    inner join branch_days
        on
            spans.branch_id = branch_days.branch_id
            and spans.first_date <= branch_days.business_date
),

-- a union, and no join: Postgres would take days for few, and compare all of an ingredient's
filled as (
    select * from moved
    union all
    select
        branch_id,
        ingredient_id,
        business_date,
        0 as consumed_quantity,
        0 as delivered_quantity,
        cast(null as numeric(14, 4)) as delivered_amount,
        cast(null as numeric(14, 4)) as counted_quantity
    from days
),

final as (
    select
        branch_id,
        ingredient_id,
        business_date,
        cast(sum(delivered_quantity) as numeric(14, 4)) as delivered_quantity,
        cast(sum(consumed_quantity) as numeric(14, 4)) as consumed_quantity,
        cast(max(counted_quantity) as numeric(14, 4)) as counted_quantity,
        cast(sum(delivered_amount) / nullif(sum(delivered_quantity), 0) as numeric(14, 4))
            as delivered_price
    from filled
    group by branch_id, ingredient_id, business_date
)

select * from final
