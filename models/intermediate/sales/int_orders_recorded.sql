with

recorded as (

    {%- for system in till_systems() %}
    select
        '{{ system }}' as system_name,
        order_key,
        branch_id,
        order_id,
        order_number,
        customer_key,
        customer_id,
        closing_id,
        channel,
        status,
        order_kind,
        currency,
        amounts_include_tax,
        gross_amount,
        discount_amount,
        tax_amount,
        total_amount,
        returned_amount,
        tax_refunded,
        tips_amount,
        ordered_at,
        deleted_at,
        load_id
    from {{ ref('stg_' ~ system ~ '__orders') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from recorded
