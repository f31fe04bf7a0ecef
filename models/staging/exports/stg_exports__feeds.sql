{%- set types = column_types(source('exports', '_feeds')) %}
with

source as (

    select * from {{ source('exports', '_feeds') }}

),

renamed as (

    select
        -- keys
        source.feed,
        source.branch_id,

        -- how numbers, days and refunds are written
        source.decimal_separator,
        -- a warehouse of an older version has it with its first load
        {{ known_column('source', 'quantity_decimal_separator', dbt.type_string(), types) }}
            as quantity_decimal_separator,
        source.thousands_separator,
        source.currency_sign,
        source.date_format,
        source.time_format,
        source.negative_quantity
    from source

)

select * from renamed
