{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'ticketlines')) -%}
{%- set number = 'numeric(20, 12)' -%}
{%- set double = 'numeric(24, 12)' -%}
{%- set worth = safe_cast('units', number, types) ~ ' * ' ~ safe_cast('price', double, types) -%}

with

source as (

    select * from {{ source('unicenta', 'ticketlines') }}

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
        -- keys: a line's number is its ticket's
        {{ surrogate_key('branch_id', ['ticket', 'line']) }} as order_line_key,
        {{ surrogate_key('branch_id', 'ticket') }} as order_key,
        branch_id,
        {{ surrogate_key('ticket', 'line') }} as order_line_id,
        cast(ticket as {{ dbt.type_string() }}) as order_id,
        {{ safe_cast('line', 'integer', types) }} as line_position,
        cast(product as {{ dbt.type_string() }}) as product_id,
        cast(taxid as {{ dbt.type_string() }}) as tax_id,

        -- quantity and money
        {{ safe_cast('units', number, types) }} as units,
        {{ safe_cast('price', double, types) }} as unit_price,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('line', 'integer', types),
            unreadable('units', number, types, exact=false),
            unreadable('price', double, types, exact=false),
            broken('price', 'abs(' ~ worth ~ ') >= 1000000000', 'is too much for so many units'),
            without_its_parent(ref('base_unicenta__tickets'), 'ticket', 'order_id'),
            'case when product is not null then '
            ~ without_its_parent(ref('base_unicenta__products'), 'product', 'product_id')
            ~ ' end',
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'ticket', 'line', 'product', 'units', 'price', 'taxid'
        ]) }} as raw_record
    from placed

)

select * from judged
