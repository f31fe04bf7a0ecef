{{ config(enabled='odoo' in var('systems')) }}

with

loads as (

    select * from {{ ref('base_odoo__dlt_loads') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'odoo'

),

-- a load of a till is one of each of its branches
loads_of_branches as (

    select
        -- keys
        loads.load_id,
        branches.branch_id,

        -- state
        loads.is_complete,

        -- times
        loads.loaded_at
    from loads
    inner join branches on loads.till_id = branches.till_id

)

select * from loads_of_branches
