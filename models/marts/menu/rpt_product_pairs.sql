with

periods as (select * from {{ ref('rpt_branch_periods') }}),

products as (select * from {{ ref('dim_products') }}),

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
    having
        pairs.first_item = pairs.second_item
        or sum(pairs.baskets) >= {{ var('fewest_pair_baskets') }}

),

-- what is bought together goes both ways; an item beside itself says how many baskets have it
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
    {%- if not loop.last %}

    union all

    {%- else %}
    where first_item <> second_item
    {%- endif %}
    {%- endfor %}

),

compared as (

    select
        *,
        max(case when first_item = second_item then pair_baskets end)
            over (partition by branch_period_key, item_kind, first_item) as first_baskets,
        max(case when first_item = second_item then pair_baskets end)
            over (partition by branch_period_key, item_kind, second_item) as second_baskets,
        max(case when item_kind = 'all' then pair_baskets end)
            over (partition by branch_period_key) as baskets
    from ordered

),

measured as (

    select
        *,
        cast(pair_baskets as numeric(38, 10)) / baskets as pair_support,
        cast(pair_baskets as numeric(38, 10)) / first_baskets as confidence,
        cast(second_baskets as numeric(38, 10)) / baskets as expected_confidence
    from compared
    where first_item <> second_item

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
    where measured.pair_support >= {{ var('smallest_pair_support') }}

)

select * from final
