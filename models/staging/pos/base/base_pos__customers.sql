{%- set types = column_types(source('pos', 'customers')) -%}
{%- set time = 'timestamp with time zone' -%}

with

source as (

    select * from {{ source('pos', 'customers') }}

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'customer_id') }} as customer_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        customer_id,

        -- who the customer is, in plain text
        cast(full_name as {{ dbt.type_string() }}) as full_name,
        cast(email as {{ dbt.type_string() }}) as email,
        cast(phone as {{ dbt.type_string() }}) as phone,
        cast(preferences as {{ dbt.type_string() }}) as preferences,
        cast(preferred_language as {{ dbt.type_string() }}) as preferred_language,
        {{ safe_cast('accepts_marketing', 'boolean', types) }} as accepts_marketing,

        -- times
        {{ safe_cast('created_at', time, types) }} as created_at,
        {{ safe_cast('updated_at', time, types) }} as updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement; reasons do not quote personal data
        {{ row_errors([
            unreadable('accepts_marketing', 'boolean', types, optional=true),
            unreadable('created_at', time, types),
        ]) }} as _errors,
        {{ raw_record('source', [
            'branch_id', 'customer_id', 'preferred_language', 'accepts_marketing', 'created_at',
            'updated_at'
        ]) }} as raw_record
    from source

)

select * from judged
