{#- What a file says of itself in its line of totals, which the feed's model tells by is_total. -#}
with

totals as (

    select * from {{ ref('base_exports__lines_read') }}
    where is_total and _reject is null and _deleted_at is null

),

lines as (

    select * from {{ ref('stg_exports__lines') }}
    where file_name in (select totals._file_name from totals)

),

files as (

    select
        branch_id,
        file_name,
        min(sold_at) as started_at
    from lines
    where deleted_at is null
    group by branch_id, file_name

),

final as (

    select
        -- keys
        totals.branch_id,
        totals._file_name as closing_id,

        -- money: files know their sum, and neither tax nor net
        max(totals.line_amount_read) as paid_amount,
        cast(null as {{ exact_type() }}) as net_amount,
        cast(null as {{ exact_type() }}) as tax_amount,
        max(totals.quantity_read) as units,

        -- times
        min(files.started_at) as started_at
    from totals
    left join files
        on totals.branch_id = files.branch_id and totals._file_name = files.file_name
    group by totals.branch_id, totals._file_name

)

select * from final
