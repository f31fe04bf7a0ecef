{% set first_day = "cast('" ~ var('calendar_starts_on') ~ "' as date)" %}

with

-- enough days for 89 years; cut below
numbers as (

    {{ dbt.generate_series(32768) }}

),

days as (

    select
        cast({{ dbt.dateadd('day', 'cast(generated_number as integer) - 1', first_day) }} as date)
            as date_day
    from numbers

),

parts as (

    select
        days.date_day,
        cast(extract(year from days.date_day) as integer) as year_number,
        cast(extract(quarter from days.date_day) as integer) as quarter_number,
        cast(extract(month from days.date_day) as integer) as month_number,
        cast({{ dbt.date_trunc('month', 'days.date_day') }} as date) as month_start,
        cast(extract(week from days.date_day) as integer) as iso_week,
        -- counted from a Monday before the calendar begins
        cast(
            mod({{ dbt.datediff("cast('2001-01-01' as date)", 'days.date_day', 'day') }}, 7)
            as integer
        ) as days_since_monday
    from days
    where extract(year from days.date_day) <= extract(year from {{ dbt.current_timestamp() }}) + 1

),

final as (

    select
        -- key
        date_day,

        -- year, quarter, month
        year_number,
        quarter_number,
        month_number,
        month_start,
        case month_number
            when 1 then 'January' when 2 then 'February' when 3 then 'March'
            when 4 then 'April' when 5 then 'May' when 6 then 'June'
            when 7 then 'July' when 8 then 'August' when 9 then 'September'
            when 10 then 'October' when 11 then 'November' else 'December'
        end as month_name,

        -- week
        iso_week,
        days_since_monday + 1 as iso_day_of_week,
        case days_since_monday
            when 0 then 'Monday' when 1 then 'Tuesday' when 2 then 'Wednesday'
            when 3 then 'Thursday' when 4 then 'Friday' when 5 then 'Saturday'
            else 'Sunday'
        end as day_name,
        days_since_monday >= 5 as is_weekend
    from parts

)

select * from final
