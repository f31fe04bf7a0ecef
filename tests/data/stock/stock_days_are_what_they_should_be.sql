-- Built day by day, or all at once: the same rows.
{%- set columns -%}
stock_day_key, last_count_date, opening_quantity, delivered_quantity, consumed_quantity,
        counted_quantity, variance_quantity, unit_cost, consumed_amount, variance_amount,
        consumed_amount_exact, variance_amount_exact, days_of_cover, is_stock_out
{%- endset %}

with only_built as (
    select {{ columns }}
    from {{ ref('fct_stock_days') }}
    except
    select {{ columns }}
    from {{ ref('int_stock_balanced') }}
),

only_complete as (
    select {{ columns }}
    from {{ ref('int_stock_balanced') }}
    except
    select {{ columns }}
    from {{ ref('fct_stock_days') }}
),

failures as (
    select
        'built' as stands_only_where,
        only_built.*
    from only_built
    union all
    select
        'expected' as stands_only_where,
        only_complete.*
    from only_complete
)

select * from failures
