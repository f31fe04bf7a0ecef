{{ config(enabled='unicenta' in var('systems')) }}

with

source as (

    select * from {{ source('unicenta', 'customers') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'unicenta'

),

-- which branch a row is of is said by the till that it comes from
placed as (

    select
        source.*,
        branches.branch_id
    from source
    inner join branches on source.till_id = branches.till_id

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'id') }} as customer_key,
        branch_id,
        cast(id as {{ dbt.type_string() }}) as customer_id,

        -- who the customer is, in plain text
        cast(name as {{ dbt.type_string() }}) as full_name,
        cast(email as {{ dbt.type_string() }}) as email,
        cast(phone as {{ dbt.type_string() }}) as phone,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement: nothing about a customer makes a figure wrong
        {{ row_errors([missing('id')]) }} as _errors,
        {{ raw_record('placed', ['till_id', 'id']) }} as raw_record
    from placed

)

select * from judged
