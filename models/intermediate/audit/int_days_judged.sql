with

compared as (select * from {{ ref('int_days_reconciled') }}),

waiting as (

    select
        *,
        -- a time that no calendar has is as good as none
        case
            when
                not {{ is_outside_the_calendar('happened_at') }}
                then happened_at
        end as known_at
    from {{ ref('quarantine') }}

),

held as (

    select
        *,
        -- what has no time of its own is of its order's
        coalesce(
            known_at,
            case
                when order_id is not null
                    then max(known_at) over (partition by branch_id, order_id)
            end
        ) as dated_at,
        cast(case
            when raw_record is null then null
            {%- for system, declared in var('systems').items() %}
            {%- for name, table in declared.tables.items() if table.money %}
            when source_name = '{{ system }}' and table_name = '{{ name }}'
                then {{ safe_cast(json_text('raw_record', table.money), exact_type() | trim) }}
            {%- endfor %}
            {%- endfor %}
        end as {{ exact_type() }}) as amount
    from waiting

),

branches as (select * from {{ ref('branches') }}),

newest as (

    select
        branch_id,
        max(business_date) as business_date
    from compared
    where business_date <= {{ dbt.current_timestamp() }}
    group by branch_id

),

-- an order without any time that can be read must leave some day unproven: the one on which it came
dated as (

    select
        held.branch_id,
        case
            when held.dated_at is not null then {{ business_date(
                'held.dated_at', 'branches.time_zone', 'branches.cutover_hour'
            ) }}
            else least({{ load_date('held.load_id') }}, newest.business_date)
        end as business_date,
        held.released_at,
        held.amount
    from held
    inner join branches on held.branch_id = branches.branch_id
    left join newest on held.branch_id = newest.branch_id
    where held.dated_at is not null or held.order_id is not null or held.amount is not null

),

held_days as (

    select
        branch_id,
        business_date,
        count(*) - count(released_at) as records_in_quarantine,
        count(released_at) as records_released,
        sum(case when released_at is null then amount end) as amount_in_quarantine
    from dated
    group by branch_id, business_date

),

copied_days as (

    select distinct
        branch_id,
        business_date
    from {{ ref('int_copied_tickets') }}

),

final as (

    select
        -- key
        coalesce(compared.branch_id, held_days.branch_id, copied_days.branch_id) as branch_id,
        coalesce(compared.business_date, held_days.business_date, copied_days.business_date)
            as business_date,

        -- state
        compared.is_open,
        compared.is_healed,
        coalesce(compared.is_equal, true) as is_equal,
        coalesce(compared.is_equal, true) and coalesce(held_days.records_in_quarantine, 0) = 0
        and copied_days.branch_id is null
            as is_proven,
        coalesce(held_days.records_in_quarantine, 0) as records_in_quarantine,
        coalesce(held_days.records_released, 0) as records_released,
        held_days.amount_in_quarantine
    from compared
    full join held_days
        on
            compared.branch_id = held_days.branch_id
            and compared.business_date = held_days.business_date
    full join copied_days
        on
            coalesce(compared.branch_id, held_days.branch_id) = copied_days.branch_id
            and coalesce(compared.business_date, held_days.business_date)
            = copied_days.business_date

)

select * from final
