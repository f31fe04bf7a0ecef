{%- set figures = [
    ('orders', 'integer'), ('order_total', 'numeric(12, 2)'),
    ('lines', 'integer'), ('line_total', 'numeric(12, 2)'),
    ('payments', 'integer'), ('payment_total', 'numeric(12, 2)'),
    ('refunds', 'integer'), ('refund_total', 'numeric(12, 2)'),
] -%}

with

days as (

    select * from {{ ref('int_days_reconciled') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

-- of closed days: an order that a wrong clock dates in the future does not move the window
newest as (

    select max(business_date) as business_date
    from days
    where not is_open

),

recent as (

    select days.*
    from days
    cross join newest
    inner join dates on days.business_date = dates.date_day
    where days.business_date > {{ dbt.dateadd('day', -90, 'newest.business_date') }}

),

final as (

    select
        -- key
        branch_id,
        business_date,

        -- figures
        {%- for figure, type in figures %}
        cast({{ figure }}_at_till as {{ type }}) as {{ figure }}_at_till,
        cast({{ figure }}_in_raw as {{ type }}) as {{ figure }}_in_raw,
        cast({{ figure }}_in_raw - {{ figure }}_at_till as {{ type }}) as {{ figure }}_difference,
        {%- endfor %}

        -- state
        is_equal,
        is_healed,
        is_open,
        reconciled_at
    from recent

)

select * from final
