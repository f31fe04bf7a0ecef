{{ config(materialized='table') }}

with

periods as (select * from {{ ref('dim_periods') }}),

final as (
    {%- for basis, days in [
        ('period', ''), ('previous', 'previous_'), ('year_before', 'year_before_')
    ] %}

    select
        -- key
        period_key,
        '{{ basis }}' as basis,

        -- which days
        currency,
        period_code as period_id,
        cast({{ days }}first_date as date) as first_date,
        cast({{ days }}last_date as date) as last_date,
        -- so many days without a sale may be days of rest, and not days without data
        least(
            {{ var('longest_rest_days') }},
            cast(floor(
                ({{ dbt.datediff(days ~ 'first_date', days ~ 'last_date', 'day') }} + 1) / 10.0
            ) as integer)
        ) as rest_days
    from periods
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from final
