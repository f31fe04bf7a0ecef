with

recorded as (

    {%- for system in till_systems('customers') %}
    select
        customer_key,
        branch_id,
        customer_id,
        preferred_language,
        accepts_marketing,
        email_hash,
        phone_hash,
        has_email,
        has_phone,
        created_at
    from {{ ref('stg_' ~ system ~ '__customers') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- else %}
    -- no till knows its customers
    select
        {%- for column in canonical_model('customers') %}
        cast(null as {{ column[1] }}) as {{ column[0] }}{{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- endfor %}

),

branches as (select * from {{ ref('branches') }}),

final as (

    select
        -- keys
        recorded.customer_key,
        recorded.branch_id,
        recorded.customer_id,

        -- who the customer is
        recorded.preferred_language,
        recorded.accepts_marketing,
        recorded.email_hash,
        recorded.phone_hash,
        recorded.has_email,
        recorded.has_phone,

        -- times
        cast({{ local_time('recorded.created_at', 'branches.time_zone') }} as date)
            as registered_on
    from recorded
    inner join branches on recorded.branch_id = branches.branch_id

)

select * from final
