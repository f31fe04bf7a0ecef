{{ config(enabled='odoo' in var('systems')) }}
{%- set types = column_types(source('odoo', 'pos_config')) -%}

with

source as (

    select * from {{ source('odoo', 'pos_config') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'odoo'

),

companies as (

    select * from {{ ref('base_odoo__res_company') }}

),

journals as (

    select * from {{ ref('base_odoo__account_journal') }}

),

currencies as (

    select * from {{ ref('base_odoo__res_currency') }}

),

-- a shop that is not configured is no branch, and nothing of it goes on
shops as (

    select
        -- keys
        source.till_id,
        source.id as config_id,
        branches.branch_id,
        source.company_id,

        -- products with a meaning of their own
        {{ known_column('source', 'tip_product_id', 'bigint', types) }} as tip_product_id,
        {{ known_column('source', 'discount_product_id', 'bigint', types) }} as discount_product_id,

        -- money
        currencies.currency,
        currencies.decimal_places
    from source
    inner join branches
        on
            source.till_id = branches.till_id
            and (
                branches.branch_value is null
                or branches.branch_value = cast(source.id as {{ dbt.type_string() }})
            )
    left join companies
        on source.till_id = companies.till_id and source.company_id = companies.company_id
    left join journals
        on source.till_id = journals.till_id and source.journal_id = journals.journal_id
    left join currencies
        on
            source.till_id = currencies.till_id
            and coalesce(journals.currency_id, companies.currency_id) = currencies.currency_id

)

select * from shops
