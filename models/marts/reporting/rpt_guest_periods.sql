with

period_figures as (select * from {{ ref('int_branch_periods_figured') }}),

final as (

    select
        -- keys
        branch_period_key,
        branch_id,
        period_key,
        period_id,

        -- guests, each once
        cast(guests as integer) as guests,
        cast(new_guests as integer) as new_guests,
        cast(returning_guests as integer) as returning_guests
    from period_figures
    where basis = 'period' and guests > 0

)

select * from final
