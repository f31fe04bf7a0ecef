with

compared as (

    select * from {{ ref('int_days_reconciled') }}

),

held as (

    select * from {{ ref('quarantine') }}
    where happened_at is not null

),

branches as (

    select * from {{ ref('branches') }}

),

dated as (

    select
        held.branch_id,
        {{ business_date('held.happened_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        held.released_at
    from held
    inner join branches on held.branch_id = branches.branch_id

),

-- what waits in quarantine without a time that can be read is of no day
held_days as (

    select
        branch_id,
        business_date,
        count(*) - count(released_at) as records_in_quarantine,
        count(released_at) as records_released
    from dated
    group by branch_id, business_date

),

final as (

    select
        -- key
        coalesce(compared.branch_id, held_days.branch_id) as branch_id,
        coalesce(compared.business_date, held_days.business_date) as business_date,

        -- state
        compared.is_open,
        compared.is_healed,
        coalesce(compared.is_equal, true) as is_equal,
        coalesce(compared.is_equal, true) and coalesce(held_days.records_in_quarantine, 0) = 0
            as is_proven,
        coalesce(held_days.records_in_quarantine, 0) as records_in_quarantine,
        coalesce(held_days.records_released, 0) as records_released
    from compared
    full join held_days
        on
            compared.branch_id = held_days.branch_id
            and compared.business_date = held_days.business_date

)

select * from final
