with

periods as (

    select * from {{ ref('rpt_branch_periods') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

counted as (

    select
        periods.branch_period_key,
        periods.branch_id,
        periods.period_key,
        periods.period_id,
        pairs.item_kind,
        pairs.first_item,
        pairs.second_item,
        sum(pairs.baskets) as baskets
    from {{ ref('int_baskets_paired') }} as pairs
    inner join periods
        on
            pairs.branch_id = periods.branch_id
            and pairs.business_date between periods.first_date and periods.last_date
    group by
        periods.branch_period_key, periods.branch_id, periods.period_key, periods.period_id,
        pairs.item_kind, pairs.first_item, pairs.second_item

),

all_baskets as (

    select
        branch_period_key,
        baskets
    from counted
    where item_kind = 'all'

),

items as (

    select * from counted
    where first_item = second_item and item_kind <> 'all'

),

-- what is bought together goes both ways
ordered as (

    {%- for first, second in [('first', 'second'), ('second', 'first')] %}
    select
        branch_period_key,
        branch_id,
        period_key,
        period_id,
        item_kind,
        {{ first }}_item as first_item,
        {{ second }}_item as second_item,
        baskets as pair_baskets
    from counted
    where first_item <> second_item
    {%- if not loop.last %}

    union all

    {%- endif %}
    {%- endfor %}

),

measured as (

    select
        ordered.*,
        all_baskets.baskets,
        first_items.baskets as first_baskets,
        second_items.baskets as second_baskets,
        cast(ordered.pair_baskets as numeric(38, 10)) / all_baskets.baskets as pair_support,
        cast(ordered.pair_baskets as numeric(38, 10)) / first_items.baskets as confidence,
        cast(second_items.baskets as numeric(38, 10)) / all_baskets.baskets as expected_confidence
    from ordered
    inner join all_baskets on ordered.branch_period_key = all_baskets.branch_period_key
    {%- for name, item in [('first_items', 'first_item'), ('second_items', 'second_item')] %}
    inner join items as {{ name }}
        on
            ordered.branch_period_key = {{ name }}.branch_period_key
            and ordered.item_kind = {{ name }}.item_kind
            and ordered.{{ item }} = {{ name }}.first_item
    {%- endfor %}

),

final as (

    select
        -- keys
        measured.branch_period_key,
        measured.branch_id,
        measured.period_key,
        measured.period_id,
        measured.item_kind,
        measured.first_item,
        measured.second_item,
        first_products.product_key as first_product_key,
        second_products.product_key as second_product_key,

        -- what they are called
        coalesce(first_products.product_name, measured.first_item) as first_name,
        coalesce(first_products.size, '') as first_size,
        coalesce(second_products.product_name, measured.second_item) as second_name,
        coalesce(second_products.size, '') as second_size,

        -- baskets
        cast(measured.baskets as integer) as baskets,
        cast(measured.first_baskets as integer) as first_baskets,
        cast(measured.second_baskets as integer) as second_baskets,
        cast(measured.pair_baskets as integer) as pair_baskets,

        -- how they go together
        cast(measured.pair_support as numeric(9, 6)) as pair_support,
        cast(measured.confidence as numeric(9, 6)) as confidence,
        cast(measured.confidence / measured.expected_confidence as numeric(14, 6)) as lift,
        cast(
            measured.pair_support
            - measured.expected_confidence * measured.first_baskets / measured.baskets
            as numeric(9, 6)
        ) as leverage
    from measured
    left join products as first_products
        on measured.item_kind = 'product' and measured.first_item = first_products.product_key
    left join products as second_products
        on measured.item_kind = 'product' and measured.second_item = second_products.product_key
    where
        measured.pair_support >= {{ var('smallest_pair_support') }}
        and measured.pair_baskets >= {{ var('fewest_pair_baskets') }}

)

select * from final
