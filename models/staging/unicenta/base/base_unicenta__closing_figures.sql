{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'closing_figures')) -%}
{%- set wall = 'timestamp without time zone' -%}
{%- set money = 'numeric(24, 12)' -%}

with

source as (

    select * from {{ source('unicenta', 'closing_figures') }}

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
        branches.time_zone
    from source
    inner join branches on source.till_id = branches.till_id

),

renamed as (

    select
        -- keys
        branch_id,
        cast(money as {{ dbt.type_string() }}) as closing_id,

        -- money, as the till adds it up
        {{ safe_cast('paid', money, types) }} as paid_amount,
        {{ safe_cast('sold', money, types) }} as net_amount,
        {{ safe_cast('tax', money, types) }} as tax_amount,

        -- times: the till writes its wall clock
        {{ utc_time(safe_cast('datestart', wall, types), 'time_zone') }} as started_at,
        _deleted_at as deleted_at
    from placed

)

select * from renamed
