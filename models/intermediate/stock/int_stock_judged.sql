{%- set most = 1 + var('largest_surplus_share') %}

with

moved as (

    select
        *,
        sum(delivered_quantity) over (
            partition by branch_id, ingredient_id order by business_date
        ) as delivered_so_far,
        counted_quantity is not null as is_counted
    from {{ ref('int_stock_moved') }}

),

-- what there could be by each of the three counts before: that count and all deliveries since
measured as (

    select
        *,
        {%- for counts in [1, 2, 3] %}
        lag(counted_quantity, {{ counts }}) over by_count
        + delivered_so_far - lag(delivered_so_far, {{ counts }}) over by_count
            as possible_{{ counts }},
        {%- endfor %}
        lead(counted_quantity) over by_count as next_quantity,
        lag(counted_quantity) over by_count
        + lead(delivered_so_far) over by_count - lag(delivered_so_far) over by_count
            as possible_next_quantity
    from moved
    window by_count as (
        partition by branch_id, ingredient_id, is_counted order by business_date
    )

),

-- Where the count before was too low, that one was the slip: then the one before it says what there
-- could be, unless that was itself a slip, far above the one before.
compared as (

    select
        *,
        greatest(
            possible_1, least(possible_2, greatest(possible_1, coalesce(possible_3, possible_2)))
        ) as possible_quantity
    from measured

),

judged as (

    select
        *,
        coalesce(is_counted and counted_quantity > possible_quantity * {{ most }}, false)
            as is_surplus,
        coalesce(next_quantity > possible_next_quantity * {{ most }}, false) as is_confirmed
    from compared

),

final as (

    select
        branch_id,
        ingredient_id,
        business_date,
        delivered_quantity,
        consumed_quantity,
        counted_quantity,
        delivered_price,
        is_surplus,
        -- a slip of the pen is no stock, unless the next count says the same
        cast(
            case when not is_surplus or is_confirmed then counted_quantity end as numeric(14, 4)
        ) as believed_quantity
    from judged

)

select * from final
