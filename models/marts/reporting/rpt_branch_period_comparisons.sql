{%- set figures = period_figures() -%}

with

period_figures as (select * from {{ ref('int_branch_periods_figured') }}),

spans as (

    select * from {{ ref('int_periods_spanned') }}
    where basis <> 'period'

),

branches as (select * from {{ ref('dim_branches') }}),

-- every period of a branch with both, whether or not the branch has traded then
final as (

    select
        -- keys
        {{ surrogate_key('periods.branch_period_key', 'spans.basis') }} as comparison_key,
        periods.branch_period_key,
        periods.branch_id,
        periods.period_key,
        spans.basis,

        -- which days
        spans.first_date,
        spans.last_date,
        other_days.newest_date,
        cast(coalesce(other_days.trading_days, 0) as integer) as trading_days,
        {%- for kind in figures.kinds %}
        cast(coalesce(other_days.{{ kind }}_days, 0) as integer) as {{ kind }}_days,
        {%- endfor %}

        -- what may be compared: each kind where it is recorded throughout both
        coalesce(periods.is_whole and other_days.is_whole, false) as is_comparable,
        {%- for kind in figures.kinds %}
        coalesce(
            periods.is_whole and other_days.is_whole
            and periods.is_{{ kind }}_whole and other_days.is_{{ kind }}_whole,
            false
        ) as is_{{ kind }}_comparable,
        {%- endfor %}
        branches.opened_on > spans.first_date as is_new,

        -- volume and guests of the other days, each guest once
        {%- for figure in figures.units %}
        cast(other_days.{{ figure }} as numeric(14, 3)) as {{ figure }},
        {%- endfor %}
        {%- for count in figures.counts %}
        cast(other_days.{{ count }} as integer) as {{ count }},
        {%- endfor %}

        -- money of the other days, and of the period itself
        {%- for amount in figures.amounts %}
        {{ money('other_days.' ~ amount, 'branches.minor_unit') }} as {{ amount }},
        {%- endfor %}
        {{ money('periods.net_revenue', 'branches.minor_unit') }} as period_net_revenue,
        cast(periods.orders as integer) as period_orders,
        periods.currency
    from period_figures as periods
    inner join branches on periods.branch_id = branches.branch_id
    inner join spans on periods.period_key = spans.period_key
    left join period_figures as other_days
        on
            periods.branch_period_key = other_days.branch_period_key
            and spans.basis = other_days.basis
    where periods.basis = 'period'

)

select * from final
