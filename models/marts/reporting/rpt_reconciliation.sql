{#- wide enough for a till's wrong amounts, which must not stop the build -#}
{%- set figures = [
    ('orders', 'integer'), ('order_total', 'numeric(38, 2)'),
    ('lines', 'integer'), ('line_total', 'numeric(38, 2)'),
    ('payments', 'integer'), ('payment_total', 'numeric(38, 2)'),
    ('refunds', 'integer'), ('refund_total', 'numeric(38, 2)'),
] -%}

with

days as (select * from {{ ref('int_days_reconciled') }}),

dates as (select * from {{ ref('dim_dates') }}),

final as (

    select
        -- key
        days.branch_id,
        days.business_date,

        -- figures
        {%- for figure, type in figures %}
        cast(days.{{ figure }}_at_till as {{ type }}) as {{ figure }}_at_till,
        cast(days.{{ figure }}_in_raw as {{ type }}) as {{ figure }}_in_raw,
        cast(days.{{ figure }}_in_raw - days.{{ figure }}_at_till as {{ type }})
            as {{ figure }}_difference,
        {%- endfor %}

        -- state
        days.is_equal,
        days.is_healed,
        days.is_open,
        days.reconciled_at
    from days
    inner join dates on days.business_date = dates.date_day

)

select * from final
