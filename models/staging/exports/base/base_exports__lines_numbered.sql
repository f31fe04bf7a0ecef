{#- A return without the number of another ticket is of the newest ticket with its own, unless the
    till begins its numbers again every day: there, most numbers of a day were sold in the week
    before. -#}
with

lines as (

    select
        *,
        _deleted_at is null and kind <> 'return' as sells
    from {{ ref('base_exports__lines_valued') }}

),

-- when the number of the ticket was sold last, and the business date on which it was there before
dated as (

    select
        *,
        max(case when sells and line_quantity > 0 then day_read end) over tickets as last_sold_on,
        lag(day_read) over tickets as there_before_on
    from lines
    window tickets as (partition by feed, branch_id, clean_ticket order by sold_at_read)

),

counted as (

    select
        *,
        avg(case
            when not sells or there_before_on = day_read then null
            when there_before_on >= {{ dbt.dateadd('day', -7, 'day_read') }} then 1.0
            else 0
        end) over (partition by feed, branch_id, day_read) as share_of_numbers_again
    from dated

),

final as (

    select
        *,
        case
            when
                clean_ticket is not null and grain <> 'day'
                and (last_sold_on = day_read or coalesce(share_of_numbers_again, 0) < 0.5)
                then last_sold_on
        end as number_sold_on
    from counted

)

select * from final
