with

taken as (

    select
        branch_id,
        business_date,
        sum(paid_amount_exact) as amount
    from {{ ref('fct_orders') }}
    group by branch_id, business_date

),

judged as (

    select * from {{ ref('int_days_judged') }}
    where not is_proven

),

found as (

    select
        branch_id,
        business_date,
        'orders are not paid to the cent' as finding,
        count(*) as records,
        sum(abs(unpaid_amount_exact)) as amount
    from {{ ref('fct_orders') }}
    where abs(unpaid_amount_exact) >= 0.01
    group by branch_id, business_date

    union all

    select
        branch_id,
        business_date,
        'orders have no lines' as finding,
        count(*) as records,
        sum(paid_amount_exact) as amount
    from {{ ref('fct_orders') }}
    where {{ has_lost_its_lines() }}
    group by branch_id, business_date

    union all

    select
        payments.branch_id,
        payments.business_date,
        {{ dbt.concat(["'the way of paying is not known: '", "payments.till_method"]) }} as finding,
        count(*) as records,
        sum(payments.amount_exact) as amount
    from {{ ref('fct_payments') }} as payments
    inner join {{ ref('fct_orders') }} as orders on payments.order_key = orders.order_key
    left join {{ ref('payment_methods') }} as methods
        on orders.system_name = methods.system and payments.till_method = methods.word
    where payments.payment_method = 'other' and methods.word is null
    group by payments.branch_id, payments.business_date, payments.till_method

    union all

    select
        branch_id,
        business_date,
        {{ dbt.concat(["'the till says otherwise: '", "figure"]) }} as finding,
        -- units are no money
        cast(ceil(sum(case when figure like 'units%' then abs(difference) end)) as bigint)
            as records,
        sum(case when figure not like 'units%' then abs(difference) end) as amount
    from {{ ref('rpt_till_figures') }}
    where not is_equal and figure <> 'payments of the orders'
    group by branch_id, business_date, figure

    union all

    select
        branch_id,
        business_date,
        'records wait in quarantine' as finding,
        records_in_quarantine as records,
        amount_in_quarantine as amount
    from judged
    where records_in_quarantine > 0

    union all

    select
        branch_id,
        business_date,
        -- two feeds may have files of the same names
        {{ dbt.concat(["'tickets are in two files: '", "first_file", "' and '", "file_name",
            "case when count(*) over (partition by branch_id, business_date, first_file, file_name) > 1"
            ~ " then " ~ dbt.concat(["' of '", "feed"]) ~ " else '' end"]) }},
        tickets,
        amount
    from {{ ref('int_copied_tickets') }}

    union all

    select
        branch_id,
        business_date,
        {{ dbt.concat(["'more was found than expected: '", "ingredient_id"]) }} as finding,
        1 as records,
        (counted_quantity - expected_quantity) * unit_cost as amount
    from {{ ref('fct_stock_days') }}
    where is_surplus

    union all

    -- all that was taken is in doubt
    select
        judged.branch_id,
        judged.business_date,
        'the day differs from the till' as finding,
        cast(null as bigint) as records,
        taken.amount
    from judged
    left join taken
        on judged.branch_id = taken.branch_id and judged.business_date = taken.business_date
    where not judged.is_equal

),

final as (

    select
        -- key
        found.branch_id,
        found.business_date,
        found.finding,

        -- how much it concerns
        cast(found.records as integer) as records,
        branches.currency,
        {{ money('found.amount', 'branches.minor_unit') }} as amount
    from found
    inner join {{ ref('dim_branches') }} as branches on found.branch_id = branches.branch_id
    -- a record in quarantine may name a day that no calendar has
    inner join {{ ref('dim_dates') }} as dates on found.business_date = dates.date_day

)

select * from final
