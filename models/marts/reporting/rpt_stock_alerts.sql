with stock_days as (select * from {{ ref('fct_stock_days') }}),

ingredients as (select * from {{ ref('dim_ingredients') }}),

-- the last week of each branch, by that branch's last day
dated as (
    select
        *,
        max(business_date) over (partition by branch_id) as last_business_date
    from stock_days
),

weeks as (
    select
        branch_id,
        ingredient_id,
        last_business_date,
        sum(case when is_stock_out then 1 else 0 end) as stock_out_days,
        sum(consumed_quantity) as consumed_quantity,
        sum(variance_quantity) as variance_quantity,
        sum(variance_amount_exact) as variance_amount,
        max(case when is_surplus then counted_quantity - expected_quantity end) as surplus_quantity
    from dated
    where business_date > {{ dbt.dateadd('day', -7, 'last_business_date') }}
    group by branch_id, ingredient_id, last_business_date
),

judged as (
    select
        stock_days.*,
        ingredients.ingredient_name,
        ingredients.reorder_level,
        branches.minor_unit,
        -- a surplus is not believed before the next count
        case
            when stock_days.is_surplus then stock_days.expected_quantity
            else coalesce(stock_days.counted_quantity, stock_days.expected_quantity)
        end as stock_quantity,
        case
            when stock_days.is_surplus then stock_days.last_count_date
            when stock_days.counted_quantity is not null then stock_days.business_date
            else stock_days.last_count_date
        end as counted_on,
        weeks.stock_out_days,
        weeks.variance_quantity as week_variance_quantity,
        weeks.variance_amount as week_variance_amount,
        weeks.surplus_quantity,
        weeks.surplus_quantity is not null as has_surplus,
        coalesce(
            weeks.variance_quantity
            > {{ var('largest_unexplained_share') }} * weeks.consumed_quantity,
            false
        ) as has_unexplained_loss
    from stock_days
    inner join weeks
        on
            stock_days.branch_id = weeks.branch_id
            and stock_days.ingredient_id = weeks.ingredient_id
            and stock_days.business_date = weeks.last_business_date
    inner join ingredients on stock_days.ingredient_id = ingredients.ingredient_id
    inner join {{ ref('dim_branches') }} as branches on stock_days.branch_id = branches.branch_id
),

alerted as (
    select
        *,
        coalesce(is_stock_out, false) as has_run_out,
        coalesce(stock_quantity < reorder_level, false) as is_below_reorder_level,
        coalesce(days_of_cover < {{ var('shortest_days_of_cover') }}, false) as is_running_out
    from judged
),

final as (
    select
        -- key
        branch_id,
        ingredient_id,

        -- what there is
        business_date,
        ingredient_name,
        cast(stock_quantity as numeric(14, 4)) as stock_quantity,
        unit,
        cast(counted_on as date) as last_count_date,
        days_of_cover,
        reorder_level,

        -- what is wrong
        has_run_out as is_stock_out,
        is_running_out,
        is_below_reorder_level,
        has_unexplained_loss,
        has_surplus,

        -- the last seven days
        cast(stock_out_days as integer) as stock_out_days,
        cast(week_variance_quantity as numeric(14, 4)) as variance_quantity,
        {{ money('week_variance_amount') }} as variance_amount,
        cast(surplus_quantity as numeric(14, 4)) as surplus_quantity,
        currency
    from alerted
    where
        has_run_out or is_running_out or is_below_reorder_level or has_unexplained_loss
        or has_surplus
)

select * from final
