with

records as (

    {%- for table in records_of_orders() %}
    select
        '{{ table.record_type }}' as record_type,
        {{ table.key }} as record_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        load_id
    from {{ table.base }}
    -- what names no order waits in quarantine
    where order_id is not null
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from records
