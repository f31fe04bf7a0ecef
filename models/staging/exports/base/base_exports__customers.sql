{#- Who the lines of exports name, in plain text: what the newest line of each customer says. An
    export that has addresses and no numbers knows no customers. -#}
{{ config(schema='restricted') }}

{%- set models = {} %}
{%- for feed in till_exports() %}
{%- do models.update({feed: ref('base_exports__' ~ feed)}) %}
{%- endfor %}
{%- set said = ['customer_name', 'customer_email', 'customer_phone'] %}

with

branches as (

    select * from {{ ref('branches') }}

),

mapped as (

    {{ mapped_lines(models, required=[], optional={
        'customer_id': none, 'customer_name': none, 'customer_email': none, 'customer_phone': none,
        'is_total': 'cast(null as boolean)', 'is_void': 'cast(null as boolean)',
    }) }}

),

named as (

    select
        mapped._dlt_load_id,
        branches.branch_id,
        {{ export_customer('mapped.customer_id') }} as customer_id,
        {%- for column in said %}
        {{ filled('mapped.' ~ column) }} as {{ column }},
        {%- endfor %}
        row_number() over (
            partition by branches.branch_id, {{ export_customer('mapped.customer_id') }}
            order by
                mapped._dlt_load_id desc, mapped._file_name desc, mapped._line_number desc
        ) as recency
    from mapped
    inner join branches on mapped.branch_id = branches.branch_id
    where
        {{ export_customer('mapped.customer_id') }} is not null
        and mapped._deleted_at is null
        and not coalesce(mapped.is_total, false)

),

final as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'customer_id') }} as customer_key,
        branch_id,
        customer_id,

        -- who the customer is, in plain text
        customer_name as full_name,
        customer_email as email,
        customer_phone as phone,

        -- load
        _dlt_load_id as load_id
    from named
    where recency = 1

)

select * from final
