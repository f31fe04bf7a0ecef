{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'account_tax_pos_order_line_rel') }}

),

taxes as (

    select * from {{ ref('base_odoo__account_tax') }}

),

taxes_of_lines as (

    select
        source.till_id,
        source.pos_order_line_id,
        source.account_tax_id as tax_id,
        taxes.tax_rate,
        taxes.is_in_price
    from source
    left join taxes on source.till_id = taxes.till_id and source.account_tax_id = taxes.tax_id
    where source._deleted_at is null

)

select * from taxes_of_lines
