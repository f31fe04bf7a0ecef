{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key=["branch_id", "business_date"],
    on_schema_change="fail"
) }}

with

lines as (

    select
        orders.branch_id,
        orders.business_date,
        orders.order_key,
        products.product_key,
        products.category
    from {{ ref('fct_orders') }} as orders
    left join {{ ref('fct_order_lines') }} as order_lines
        on orders.order_key = order_lines.order_key and order_lines.line_kind = 'sale'
    left join {{ ref('dim_products') }} as products
        on order_lines.product_key = products.product_key
    where orders.is_sale

),

-- of all that is counted of a day
days as (

    select
        branch_id,
        business_date,
        sum({{ hashed_id("concat(order_key, ' ', product_key, ' ', category)") }}) as fingerprint
    from lines
    group by branch_id, business_date

),

{%- if is_incremental() %}

built as (

    select * from {{ this }}
    where item_kind = 'all'

),

-- a day that has lost all of its orders is one of them
changed as (

    select
        coalesce(days.branch_id, built.branch_id) as branch_id,
        coalesce(days.business_date, built.business_date) as business_date,
        days.fingerprint
    from days
    full outer join built
        on days.branch_id = built.branch_id and days.business_date = built.business_date
    where coalesce(days.fingerprint, -1) <> coalesce(built.fingerprint, -1)

),
{%- else %}

changed as (

    select * from days

),
{%- endif %}

items as (

    {%- for kind, item in [('product', 'product_key'), ('category', 'category')] %}
    select distinct
        lines.branch_id,
        lines.business_date,
        lines.order_key,
        '{{ kind }}' as item_kind,
        lines.{{ item }} as item
    from lines
    inner join changed
        on lines.branch_id = changed.branch_id and lines.business_date = changed.business_date
    where lines.product_key is not null
    {%- if not loop.last %}

    union all

    {%- endif %}
    {%- endfor %}

),

-- an item beside itself: the baskets that have it
paired as (

    select
        first_items.branch_id,
        first_items.business_date,
        first_items.item_kind,
        first_items.item as first_item,
        second_items.item as second_item,
        count(*) as baskets
    from items as first_items
    inner join items as second_items
        on
            first_items.order_key = second_items.order_key
            and first_items.item_kind = second_items.item_kind
            and first_items.item <= second_items.item
    group by
        first_items.branch_id, first_items.business_date, first_items.item_kind,
        first_items.item, second_items.item

    union all

    select
        changed.branch_id,
        changed.business_date,
        'all' as item_kind,
        '' as first_item,
        '' as second_item,
        count(distinct items.order_key) as baskets
    from changed
    left join items
        on changed.branch_id = items.branch_id and changed.business_date = items.business_date
    group by changed.branch_id, changed.business_date

),

final as (

    select
        paired.branch_id,
        paired.business_date,
        paired.item_kind,
        paired.first_item,
        paired.second_item,
        cast(paired.baskets as integer) as baskets,
        cast(changed.fingerprint as numeric(38, 0)) as fingerprint
    from paired
    inner join changed
        on paired.branch_id = changed.branch_id and paired.business_date = changed.business_date

)

select * from final
