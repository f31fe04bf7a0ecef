with

stock_days as (

    select
        *,
        -- what a count finds missing is of all days since the count before, and so is its base
        case
            when variance_amount_exact is not null then sum(consumed_amount_exact) over stretch
        end as counted_amount,
        last_count_date is not null and count(variance_amount_exact) over stretch > 0
            as is_between_counts
    from {{ ref('int_stock_balanced') }}
    window stretch as (partition by branch_id, ingredient_id, last_count_date)

),

units_sold as (select * from {{ ref('int_units_sold') }}),

known as (

    select
        branch_id,
        business_date,
        count(*) - count(consumed_amount_exact) as unknown_costs,
        sum(consumed_amount_exact) as recipe_cost,
        sum(variance_amount_exact) as waste,
        sum(counted_amount) as counted_recipe_cost,
        max(case when is_between_counts then 1 else 0 end) = 1 as is_between_counts
    from stock_days
    group by branch_id, business_date

),

-- the cost of a product without a recipe is unknown
unknown as (

    select distinct
        branch_id,
        business_date
    from units_sold
    where not has_recipe

),

final as (

    select
        coalesce(known.branch_id, unknown.branch_id) as branch_id,
        coalesce(known.business_date, unknown.business_date) as business_date,
        cast(
            case
                when unknown.branch_id is null and known.unknown_costs = 0 then known.recipe_cost
            end
            as {{ exact_type() }}
        ) as recipe_cost,
        cast(known.waste as {{ exact_type() }}) as waste,
        cast(known.counted_recipe_cost as {{ exact_type() }}) as counted_recipe_cost,
        coalesce(known.is_between_counts, false) as is_between_counts
    from known
    full join unknown
        on known.branch_id = unknown.branch_id and known.business_date = unknown.business_date

)

select * from final
