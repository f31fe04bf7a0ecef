{%- set figures = [
    'orders', 'order_total', 'lines', 'line_total', 'payments', 'payment_total', 'refunds',
    'refund_total',
] -%}

with

figures as (select * from {{ ref('stg_audit__reconciliation') }}),

final as (

    select
        -- key
        branch_id,
        business_date,

        -- figures
        {%- for figure in figures %}
        sum(case when figure = '{{ figure }}' then at_till else 0 end) as {{ figure }}_at_till,
        sum(case when figure = '{{ figure }}' then in_raw else 0 end) as {{ figure }}_in_raw,
        {%- endfor %}

        -- state
        count(case when difference <> 0 then 1 end) = 0 as is_equal,
        count(case when is_healed then 1 end) > 0 as is_healed,
        count(case when is_open_day then 1 end) > 0 as is_open,
        max(reconciled_at) as reconciled_at
    from figures
    where
        source_name = 'files'
        {%- for system in till_systems() %}
        or source_name = '{{ system }}'
        {%- endfor %}
    group by branch_id, business_date

)

select * from final
