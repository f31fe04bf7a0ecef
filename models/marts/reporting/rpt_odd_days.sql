{%- set reasons = {
    'revenue_before_refunds': ('less revenue', 'more revenue'),
    'orders': ('fewer orders', 'more orders'),
    'discount_share': (none, 'more discounts'),
    'refund_share': (none, 'more refunds'),
    'cancelled_share': (none, 'more orders were cancelled'),
} -%}
with

branches as (select * from {{ ref('dim_branches') }}),

days as (select * from {{ ref('int_days_expected') }}),

-- how far days were from what was expected of them, in the eight weeks before
spreads as (

    select
        days.branch_id,
        days.business_date,
        days.figure,
        cast(1.4826 * percentile_cont(0.5) within group (
            order by abs(earlier.figure_value - earlier.expected_value)
        ) as numeric(38, 10)) as spread
    from days
    inner join days as earlier
        on
            days.branch_id = earlier.branch_id
            and days.figure = earlier.figure
            and days.business_date > earlier.business_date
            and days.business_date <= {{ dbt.dateadd('day', 56, 'earlier.business_date') }}
    group by days.branch_id, days.business_date, days.figure
    having count(*) >= 28

),

-- what hardly varies has a spread all the same: of a share, half an order
measured as (

    select
        days.*,
        greatest(
            spreads.spread,
            case
                when days.is_share then 0.5 / greatest(days.orders, 1)
                else 0.05 * days.expected_value
            end,
            0.01
        ) as spread
    from days
    inner join spreads
        on
            days.branch_id = spreads.branch_id
            and days.business_date = spreads.business_date
            and days.figure = spreads.figure

),

odd as (

    select
        *,
        (figure_value - expected_value) / spread as spreads_away,
        {{ var('odd_day_spreads') }} * spread as allowed
    from measured
    where
        figure_value - expected_value > {{ var('odd_day_spreads') }} * spread
        or (not is_share and expected_value - figure_value > {{ var('odd_day_spreads') }} * spread)

),

final as (

    select
        -- key
        odd.branch_id,
        odd.business_date,
        odd.figure,

        -- what was, and what was expected
        cast(odd.figure_value as numeric(20, 6)) as odd_value,
        cast(odd.expected_value as numeric(20, 6)) as expected_value,
        cast(greatest(odd.expected_value - odd.allowed, 0) as numeric(20, 6)) as lowest_expected,
        cast(odd.expected_value + odd.allowed as numeric(20, 6)) as highest_expected,
        cast(odd.spreads_away as numeric(14, 2)) as spreads_away,
        case when odd.figure = 'revenue_before_refunds' then branches.currency end as currency,
        case
            {%- for figure, (less, more) in reasons.items() %}
            when odd.figure = '{{ figure }}' and odd.spreads_away > 0
                then '{{ more }} than on this weekday before'
            {%- if less %}
            when odd.figure = '{{ figure }}' then '{{ less }} than on this weekday before'
            {%- endif %}
            {%- endfor %}
        end as reason
    from odd
    inner join branches on odd.branch_id = branches.branch_id

)

select * from final
