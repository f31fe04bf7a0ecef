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

-- each count with the two before it and the one after it: where the count before was too low, that
-- one was the slip
compared as (

    select
        *,
        greatest(
            {%- for counts in [1, 2] %}
            lag(counted_quantity, {{ counts }}) over by_count
            + delivered_so_far - lag(delivered_so_far, {{ counts }}) over by_count
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) as possible_quantity,
        lead(counted_quantity) over by_count as next_quantity,
        lag(counted_quantity) over by_count
        + lead(delivered_so_far) over by_count - lag(delivered_so_far) over by_count
            as possible_next_quantity
    from moved
    window by_count as (
        partition by branch_id, ingredient_id, is_counted order by business_date
    )

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
