{#- A return without the number of another ticket is of the newest ticket with its own, unless the
    till begins its numbers again every day: there, most numbers of a day were sold in the week of
    trade before, however long the branch was closed. A day that sells nothing is as the one before. -#}
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

-- each day, and the newest one before it on which anything was sold
days as (

    select
        feed,
        branch_id,
        day_read,
        max(max(case when sells then day_read end)) over (
            partition by feed, branch_id
            order by day_read rows between unbounded preceding and 1 preceding
        ) as traded_before_on
    from dated
    group by feed, branch_id, day_read

),

counted as (

    select
        days.feed,
        days.branch_id,
        days.day_read,
        avg(case
            when not dated.sells or dated.there_before_on = dated.day_read then null
            when dated.there_before_on >= {{ dbt.dateadd('day', -6, 'days.traded_before_on') }}
                then 1.0
            else 0
        end) as share_of_numbers_again
    from dated
    inner join days
        on
            dated.feed = days.feed
            and dated.branch_id = days.branch_id
            and dated.day_read = days.day_read
    group by days.feed, days.branch_id, days.day_read

),

-- of which days a day that sells nothing is one
grouped as (

    select
        *,
        count(share_of_numbers_again) over (partition by feed, branch_id order by day_read)
            as days_that_sold
    from counted

),

shares as (

    select
        feed,
        branch_id,
        day_read,
        max(share_of_numbers_again) over (partition by feed, branch_id, days_that_sold)
            as share_of_numbers_again
    from grouped

),

final as (

    select
        dated.*,
        case
            when
                dated.clean_ticket is not null and dated.grain <> 'day'
                and (
                    dated.last_sold_on = dated.day_read
                    or coalesce(shares.share_of_numbers_again, 0) < 0.5
                )
                then dated.last_sold_on
        end as number_sold_on
    from dated
    left join shares
        on
            dated.feed = shares.feed
            and dated.branch_id = shares.branch_id
            and dated.day_read = shares.day_read

)

select * from final
