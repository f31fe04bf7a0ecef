{%- set figures = period_figures() -%}

with

period_figures as (

    select * from {{ ref('int_branch_periods_figured') }}
    where basis = 'period'

),

branches as (select * from {{ ref('dim_branches') }}),

final as (

    select
        -- keys
        period_figures.branch_period_key,
        period_figures.branch_id,
        period_figures.period_key,
        period_figures.period_id,

        -- which days
        period_figures.first_date,
        period_figures.last_date,
        period_figures.newest_date,
        cast(period_figures.trading_days as integer) as trading_days,
        {%- for kind in figures.kinds %}
        cast(period_figures.{{ kind }}_days as integer) as {{ kind }}_days,
        {%- endfor %}

        -- volume and guests, each guest once
        {%- for figure in figures.units %}
        cast(period_figures.{{ figure }} as numeric(14, 3)) as {{ figure }},
        {%- endfor %}
        {%- for count in figures.counts %}
        cast(period_figures.{{ count }} as integer) as {{ count }},
        {%- endfor %}

        -- money
        {%- for amount in figures.amounts %}
        {{ money('period_figures.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}
        period_figures.currency
    from period_figures
    inner join branches on period_figures.branch_id = branches.branch_id

)

select * from final
