{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'res_partner') }}

),

orders as (

    select * from {{ ref('base_odoo__orders_with_shop') }}
    where branch_id is not null and partner_id is not null

),

tills as (

    select
        till_id,
        min(branch_id) as branch_id
    from {{ ref('base_audit__till_branches') }}
    where source_name = 'odoo'
    group by till_id

),

ranked_orders as (

    select
        till_id,
        partner_id,
        branch_id,
        row_number() over (partition by till_id, partner_id order by date_order, id) as order_rank
    from orders

),

-- a guest is at home where they ordered first, and before that at the till's first branch
judged as (

    select
        -- keys
        {{ surrogate_key('source.till_id', 'source.id') }} as customer_key,
        coalesce(ranked_orders.branch_id, tills.branch_id) as branch_id,
        cast(source.id as {{ dbt.type_string() }}) as customer_id,

        -- who the customer is, in plain text
        cast(source.name as {{ dbt.type_string() }}) as full_name,
        cast(source.email as {{ dbt.type_string() }}) as email,
        cast(coalesce(source.mobile, source.phone) as {{ dbt.type_string() }}) as phone,
        {{ dbt.split_part('source.lang', "'_'", 1) }} as preferred_language,

        -- times
        source.create_date as created_at,
        source.write_date as updated_at,
        source._deleted_at as deleted_at,

        -- load
        cast(source._dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement: nothing about a customer makes a figure wrong
        {{ row_errors([missing('id')]) }} as _errors,
        {{ raw_record('source', ['till_id', 'id', 'lang', 'create_date', 'write_date']) }}
            as raw_record
    from source
    inner join tills on source.till_id = tills.till_id
    left join ranked_orders
        on
            source.till_id = ranked_orders.till_id
            and source.id = ranked_orders.partner_id
            and ranked_orders.order_rank = 1

)

select * from judged
