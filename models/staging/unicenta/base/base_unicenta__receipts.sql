{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'receipts')) -%}
{%- set wall = 'timestamp without time zone' -%}
{%- set sold_at = utc_time(safe_cast('datenew', wall, types), 'branches.time_zone') -%}

with

source as (

    select * from {{ source('unicenta', 'receipts') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'unicenta'

),

judged as (

    select
        -- keys
        {{ surrogate_key('branches.branch_id', 'id') }} as order_key,
        branches.branch_id,
        cast(id as {{ dbt.type_string() }}) as order_id,
        cast(money as {{ dbt.type_string() }}) as closing_id,

        -- money
        branches.currency,

        -- times: the till writes its wall clock
        {{ sold_at }} as sold_at,
        source._deleted_at as deleted_at,

        -- load
        cast(source._dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('datenew', wall, types),
            outside_the_calendar('datenew', moment=sold_at),
        ]) }} as _errors,
        {{ raw_record('source', ['till_id', 'id', 'money', 'datenew']) }} as raw_record
    from source
    inner join branches on source.till_id = branches.till_id

)

select * from judged
