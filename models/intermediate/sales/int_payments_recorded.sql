with

recorded as (

    {%- for system in till_systems() %}
    select
        '{{ system }}' as system_name,
        payment_key,
        order_key,
        branch_id,
        payment_id,
        order_id,
        method,
        payment_type,
        currency,
        received_amount,
        tax_amount,
        tip_amount,
        paid_at,
        deleted_at,
        load_id
    from {{ ref('stg_' ~ system ~ '__payments') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from recorded
