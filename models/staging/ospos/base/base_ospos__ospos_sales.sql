{{ config(enabled='ospos' in var('systems')) }}
{%- set types = column_types(source('ospos', 'ospos_sales')) -%}
{%- set wall = 'timestamp without time zone' -%}
{%- set sold_at = utc_time(safe_cast('sale_time', wall, types), 'time_zone') -%}

with

source as (

    select * from {{ source('ospos', 'ospos_sales') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'ospos'

),

-- which branch a row is of, and its clock, is said by the till that it comes from
placed as (

    select
        source.*,
        branches.branch_id,
        branches.currency,
        branches.time_zone
    from source
    inner join branches on source.till_id = branches.till_id

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'sale_id') }} as order_key,
        branch_id,
        cast(sale_id as {{ dbt.type_string() }}) as order_id,
        sale_id,
        {{ surrogate_key('branch_id', 'customer_id') }} as customer_key,
        cast(customer_id as {{ dbt.type_string() }}) as customer_id,

        -- what the sale is
        {{ safe_cast('sale_status', 'integer', types) }} as sale_status,
        {{ safe_cast('sale_type', 'integer', types) }} as sale_type,
        dinner_table_id,

        -- money
        currency,

        -- times: the shop's wall clock
        {{ sold_at }} as sold_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('sale_time', wall, types),
            outside_the_calendar('sale_time', moment=sold_at),
            unreadable('sale_status', 'integer', types),
            broken('sale_status', 'sale_status not in (0, 1, 2)',
                'is not 0 (completed), 1 (suspended) or 2 (cancelled)'),
            unreadable('sale_type', 'integer', types),
            broken('sale_type', 'sale_type not in (0, 1, 2, 3, 4)',
                'is not 0 (sale), 1 (invoice), 2 (work order), 3 (quote) or 4 (return)'),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'sale_id', 'sale_time', 'customer_id', 'dinner_table_id', 'sale_status',
            'sale_type'
        ]) }} as raw_record
    from placed

)

select * from judged
