{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'tickets')) -%}

with

source as (

    select * from {{ source('unicenta', 'tickets') }}

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
        {{ surrogate_key('branch_id', 'id') }} as order_key,
        branch_id,
        cast(id as {{ dbt.type_string() }}) as order_id,
        {{ surrogate_key('branch_id', 'customer') }} as customer_key,
        cast(customer as {{ dbt.type_string() }}) as customer_id,

        -- what the ticket is
        {{ safe_cast('tickettype', 'integer', types) }} as ticket_type,
        {{ safe_cast('ticketid', 'integer', types) }} as ticket_number,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('tickettype', 'integer', types),
            broken('tickettype', "tickettype not in (0, 1, 2)",
                'is not 0 (sale), 1 (refund) or 2 (payment of a debt)'),
            unreadable('ticketid', 'integer', types),
            without_its_parent(ref('base_unicenta__receipts'), 'id', 'order_id'),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'id', 'tickettype', 'ticketid', 'customer', 'status'
        ]) }} as raw_record
    from placed

)

select * from judged
