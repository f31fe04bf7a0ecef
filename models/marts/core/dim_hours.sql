with

day_parts as (select * from {{ ref('day_parts') }}),

hours as (
    {% for hour in range(24) %}
    select {{ hour }} as local_hour
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        -- key
        hours.local_hour,

        -- the part of the day; one may go past midnight
        coalesce(day_parts.day_part, 'other') as day_part,
        day_parts.first_hour,
        day_parts.last_hour
    from hours
    left join day_parts
        on
            hours.local_hour between day_parts.first_hour and day_parts.last_hour
            or (
                day_parts.first_hour > day_parts.last_hour
                and (
                    hours.local_hour >= day_parts.first_hour
                    or hours.local_hour <= day_parts.last_hour
                )
            )

)

select * from final
