{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="order_line_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["branch_id", "business_date"]},
        {"columns": ["branch_id", "load_id"]},
        {"columns": ["order_key"]},
        {"columns": ["product_key"]},
        {"columns": ["product_version_key"]},
    ],
    pre_hook="{{ take_out_touched_orders(
        left_out=['payments'], versions=ref('int_products_versioned')
    ) }}",
    post_hook="{{ put_back_indexes() }}"
) }}
-- depends_on: {{ ref('int_products_versioned') }}

with

lines as (

    select * from {{ rows_to_build(ref('int_order_lines_priced')) }} as lines_to_build
    where is_counted

),

final as (

    select
        -- keys
        order_line_key,
        order_key,
        product_key,
        product_version_key,
        branch_id,
        business_date,
        order_id,
        order_line_id,
        line_number,

        -- what the line is, and what it gives back
        line_kind,
        description,
        returned_order_line_key,

        -- measures
        quantity,
        {{ money('unit_price') }} as unit_price,
        {{ money('gross_amount') }} as gross_revenue,
        {{ money('discount_amount') }} as discount_amount,
        tax_rate,
        {{ money('tax_amount') }} as tax_amount,
        {{ money('till_cost') }} as till_cost,
        currency,

        -- the same, not rounded; systems differ in places, and a table that is kept takes one type
        {%- for amount, exact in [
            ('gross_amount', 'gross_revenue'), ('discount_amount', 'discount_amount'),
            ('tax_amount', 'tax_amount'), ('till_cost', 'till_cost'),
        ] %}
        cast({{ amount }} as {{ exact_type() }}) as {{ exact }}_exact,
        {%- endfor %}

        -- load: unknown until the load is complete
        case when load_id <= complete_load_id then load_id end as load_id
    from lines

)

select * from final
