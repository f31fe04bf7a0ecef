{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'receipts')) -%}
{%- set wall = 'timestamp without time zone' -%}
{%- set sold_at = utc_time(safe_cast('datenew', wall, types), 'time_zone') -%}

with

source as (

    select * from {{ source('unicenta', 'receipts') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'unicenta'

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
        {{ surrogate_key('branch_id', 'id') }} as order_key,
        branch_id,
        cast(id as {{ dbt.type_string() }}) as order_id,
        cast(money as {{ dbt.type_string() }}) as closing_id,

        -- money
        currency,

        -- times: the till writes its wall clock
        {{ sold_at }} as sold_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('datenew', wall, types),
            outside_the_calendar('datenew', moment=sold_at),
        ]) }} as _errors,
        {{ raw_record('placed', ['till_id', 'id', 'money', 'datenew']) }} as raw_record
    from placed

)

select * from judged
