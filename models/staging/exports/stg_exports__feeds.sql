{%- set types = column_types(source('exports', '_feeds')) %}
with

source as (

    select * from {{ source('exports', '_feeds') }}

),

renamed as (

    select
        -- keys
        feed,
        branch_id,

        -- how numbers, days and refunds are written
        decimal_separator,
        -- a warehouse of an older version has it with its first load
        {{ known_column('source', 'quantity_decimal_separator', dbt.type_string(), types) }}
            as quantity_decimal_separator,
        thousands_separator,
        currency_sign,
        date_format,
        time_format,
        negative_quantity
    from source

)

select * from renamed
