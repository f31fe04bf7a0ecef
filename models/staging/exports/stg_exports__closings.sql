{#- The total at the end of a file (is_total in the feed's model), and what the file's lines add up
    to. A table, because each query of the orders joins it. -#}
{{ config(materialized='table') }}

with

read as (

    select * from {{ ref('base_exports__lines_read') }}
    where is_total and _reject is null and _deleted_at is null

),

-- in a wide file, each column is a part of the line: as with other lines, its parts add up
total_lines as (

    select
        feed,
        _file_name,
        _line_number,
        known_branch_id,
        sum(line_amount_read) as line_amount_read,
        sum(quantity_read) as quantity_read,
        max(_dlt_load_id) as _dlt_load_id
    from read
    group by feed, _file_name, _line_number, known_branch_id

),

-- after the sums of parts of a file follows that of all: the last one, be it the largest or not
placed as (

    select
        *,
        row_number() over (
            partition by feed, _file_name, known_branch_id
            order by case when line_amount_read is null then 1 else 0 end asc, _line_number desc
        ) as amount_place,
        row_number() over (
            partition by feed, _file_name, known_branch_id
            order by case when quantity_read is null then 1 else 0 end asc, _line_number desc
        ) as units_place
    from total_lines

),

totals as (

    select
        feed,
        _file_name as file_name,
        known_branch_id as branch_id,
        max(case when amount_place = 1 then line_amount_read end) as paid_amount,
        max(case when units_place = 1 then quantity_read end) as units,
        max(_dlt_load_id) as load_id,
        -- of a file of several branches, where its total names none
        max(max(known_branch_id)) over (partition by feed, _file_name) is null as is_of_all
    from placed
    group by feed, _file_name, known_branch_id

),

lines as (

    select
        *,
        -- discounts, tips and charges are no units, nor is a discount of what is given back
        case
            when line_kind = 'return' and gross_amount > 0 then 0
            when line_kind in ('sale', 'return') then quantity
            else 0
        end as units
    from {{ ref('stg_exports__lines') }}
    where deleted_at is null and file_name in (select totals.file_name from totals)

),

-- of all days: the total has returns of another file's tickets in it, too
sums as (

    select
        feed,
        file_name,
        branch_id,
        sum(charged_amount) as paid_amount,
        sum(units) as units,
        sum(sum(charged_amount)) over (partition by feed, file_name) as paid_in_file,
        sum(sum(units)) over (partition by feed, file_name) as units_in_file,
        min(sold_at) as started_at
    from lines
    group by feed, file_name, branch_id

),

final as (

    select
        -- keys
        coalesce(totals.branch_id, sums.branch_id) as branch_id,
        totals.file_name as closing_id,

        -- what the file says
        cast(totals.paid_amount as {{ exact_type() }}) as paid_amount,
        cast(totals.units as numeric(14, 3)) as units,

        -- what its lines say; it may have lost all of them
        cast(coalesce(
            case when totals.is_of_all then sums.paid_in_file else sums.paid_amount end, 0
        ) as {{ exact_type() }}) as paid_in_lines,
        cast(coalesce(
            case when totals.is_of_all then sums.units_in_file else sums.units end, 0
        ) as numeric(14, 3)) as units_in_lines,

        -- times
        sums.started_at,

        -- load
        totals.load_id
    from totals
    left join sums
        on
            totals.feed = sums.feed
            and totals.file_name = sums.file_name
            and (totals.branch_id = sums.branch_id or totals.is_of_all)
    where totals.branch_id is not null or sums.branch_id is not null

)

select * from final
