{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'account_journal') }}

),

renamed as (

    select
        till_id,
        id as journal_id,
        currency_id
    from source

)

select * from renamed
