{{ config(enabled='ospos' in var('systems')) }}
{%- set types = column_types(source('ospos', 'ospos_customers')) -%}
{%- set wall = 'timestamp without time zone' -%}

with

source as (

    select * from {{ source('ospos', 'ospos_customers') }}

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
        branches.time_zone
    from source
    inner join branches on source.till_id = branches.till_id

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'person_id') }} as customer_key,
        branch_id,
        cast(person_id as {{ dbt.type_string() }}) as customer_id,

        -- times: the shop's wall clock
        {{ utc_time(safe_cast('date', wall, types), 'time_zone') }} as created_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement: nothing about a customer makes a figure wrong
        {{ row_errors([missing('person_id')]) }} as _errors,
        {{ raw_record('placed', ['till_id', 'person_id', 'date']) }} as raw_record
    from placed

)

select * from judged
