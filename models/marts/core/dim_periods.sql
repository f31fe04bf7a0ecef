{%- set calendar = {
    'month': (
        1,
        "concat(year_number, '-', lpad(cast(month_number as " ~ dbt.type_string() ~ "), 2, '0'))",
        "concat(month_name, ' ', year_number)",
    ),
    'quarter': (
        3,
        "concat(year_number, '-q', quarter_number)",
        "concat('Quarter ', quarter_number, ' of ', year_number)",
    ),
    'year': (12, "concat(year_number, '')", "concat(year_number, '')"),
} -%}

with

-- closed days with sales, whether a till has totals of them or not
days as (
    select * from {{ ref('rpt_branch_days') }}
    where is_complete and gross_revenue_exact <> 0
),

branches as (select * from {{ ref('dim_branches') }}),

dates as (select * from {{ ref('dim_dates') }}),

traded as (
    select
        branches.currency,
        min(branches.opened_on) as opened_on,
        min(days.business_date) as first_date,
        max(days.business_date) as last_date
    from days
    inner join branches on days.branch_id = branches.branch_id
    group by branches.currency
),

rolling as (
    {%- for length in [7, 28, 91, 365] %}
    select
        currency,
        'last-{{ length }}-days' as period_code,
        'Last {{ length }} days' as period_name,
        'rolling' as kind,
        {{ dbt.dateadd('day', 1 - length, 'last_date') }} as first_date,
        last_date,
        {{ dbt.dateadd('day', 1 - 2 * length, 'last_date') }} as previous_first_date,
        {{ dbt.dateadd('day', -length, 'last_date') }} as previous_last_date,
        -- as many days, also across 29 February
        {{ dbt.dateadd('day', 1 - length, dbt.dateadd('year', -1, 'last_date')) }}
            as year_before_first_date,
        {{ dbt.dateadd('year', -1, 'last_date') }} as year_before_last_date,
        true as is_complete,
        false as is_in_progress
    from traded
    where {{ dbt.dateadd('day', 1 - length, 'last_date') }} >= first_date
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
),

spans as (
    {%- for kind, (months, id, name) in calendar.items() %}
    select
        traded.currency,
        {{ id }} as period_code,
        {{ name }} as period_name,
        '{{ kind }}' as kind,
        min(dates.date_day) as first_date,
        max(dates.date_day) as end_date,
        {%- for basis, back in [('previous', months), ('year_before', 12)] %}
        {{ dbt.dateadd('month', -back, 'min(dates.date_day)') }} as {{ basis }}_first_date,
        -- up to now: the same day of the month; 29 February stands beside the 28th
        {{ dbt.dateadd('month', -back, 'traded.last_date') }} as {{ basis }}_newest_date,
        {{ dbt.dateadd('day', -1, dbt.dateadd('month', months - back, 'min(dates.date_day)')) }}
            as {{ basis }}_end_date,
        {%- endfor %}
        traded.last_date as newest_date,
        traded.first_date as oldest_date,
        traded.opened_on
    from traded
    cross join dates
    group by
        traded.currency, traded.first_date, traded.last_date, traded.opened_on, {{ id }}, {{ name }}
    having
        min(dates.date_day) <= traded.last_date
        and max(dates.date_day) >= traded.first_date
        and min(dates.date_day) > {{ dbt.dateadd('year', -2, 'traded.last_date') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
),

-- a period in progress is compared with the same calendar days
calendar as (
    select
        currency,
        period_code,
        period_name,
        kind,
        first_date,
        least(end_date, newest_date) as last_date,
        {%- for name in ['previous', 'year_before'] %}
        {{ name }}_first_date,
        case
            when end_date <= newest_date then {{ name }}_end_date
            else least({{ name }}_end_date, {{ name }}_newest_date)
        end as {{ name }}_last_date,
        {%- endfor %}
        -- data may begin within it, later than the branches opened but for some days of rest
        end_date <= newest_date and oldest_date <= {{ dbt.dateadd(
            'day', var('longest_rest_days'), 'greatest(first_date, opened_on)'
        ) }} as is_complete,
        end_date > newest_date as is_in_progress
    from spans
),

final as (
    select
        -- keys
        {{ surrogate_key('currency', 'period_code') }} as period_key,
        currency,
        period_code,

        -- its days, and those of the two periods that it is compared with
        {%- for name in ['', 'previous_', 'year_before_'] %}
        cast({{ name }}first_date as date) as {{ name }}first_date,
        cast({{ name }}last_date as date) as {{ name }}last_date,
        {%- endfor %}

        cast(period_name as {{ dbt.type_string() }}) as period_name,
        kind,
        is_complete,
        is_in_progress
    from (
        select * from rolling
        union all
        select * from calendar
    ) as periods
)

select * from final
