{#- Dialects are read once in a build: a table, where many others read the lines. -#}
{{ config(materialized='table') }}

{%- set optional = {
    'ticket': none, 'article': none, 'sold_at': none, 'quantity': none, 'unit_price': none,
    'line_amount': none, 'discount': none, 'tax_amount': none, 'line_kind': none,
    'payment_method': none, 'channel': none, 'product_name': none, 'category': none, 'unit_cost': none,
    'order_total': none, 'returned_ticket': none, 'order_grain': none, 'customer_id': none,
    'tax_rate': 'cast(null as numeric)', 'line_part': 'cast(null as integer)',
    'is_total': 'cast(null as boolean)', 'is_void': 'cast(null as boolean)',
} %}
{%- set models, money = {}, exact_type() | trim %}
{%- set amounts = [
    'unit_price', 'line_amount', 'discount', 'tax_amount', 'unit_cost', 'order_total',
] %}
{%- for feed in till_exports() %}
{%- do models.update({feed: ref('base_exports__' ~ feed)}) %}
{%- endfor %}

with

branches as (

    select * from {{ ref('branches') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

-- how each feed writes its numbers, days and times
feeds as {{ computed_once() }} (

    {{ dialects() }}

),

-- all exports in one shape; what a feed's model does not map is null
mapped as (

    {{ mapped_lines(models, required=['sold_on'], optional=optional) }}

),

-- names and keys without blanks around them; numbers as text with a point
written as {{ computed_once() }} (

    select
        mapped.*,
        branches.branch_id as known_branch_id,
        branches.currency,
        branches.time_zone,
        branches.cutover_hour,
        coalesce(branches.prices_include_tax, true) as prices_include_tax,
        coalesce(currencies.minor_unit, 2) as minor_unit,
        -- a line that the export calls a return may be one in any dialect
        coalesce(dialect.negative_quantity = 'refund', false) or mapped.line_kind is not null
            as is_refund_allowed,
        dialect.feed is not null and dialect.branch_id is null as has_several_branches,
        {%- for column in ['ticket', 'article', 'returned_ticket', 'payment_method', 'channel'] %}
        {{ filled('mapped.' ~ column) }} as clean_{{ column }},
        {%- endfor %}
        {{ export_customer('mapped.customer_id') }} as clean_customer_id,
        {{ quantity_in_dialect(filled('mapped.quantity'), 'dialect.quantity_pattern') }}
            as quantity_text,
        {%- for column in amounts %}
        {{ number_in_dialect(filled('mapped.' ~ column), pattern='dialect.number_pattern') }}
            as {{ column }}_text,
        {%- endfor %}
        coalesce(mapped.order_grain, 'ticket') as grain,
        {{ date_in_dialect(filled('mapped.sold_on'), 'dialect.date_pattern') }} as day_text,
        -- a day's sum is of its noon
        case
            when mapped.order_grain = 'day' then '12:00'
            else {{ time_in_dialect(filled('mapped.sold_at'), 'dialect.time_pattern') }}
        end as time_text,
        case
            when mapped.order_grain = 'day' then ''
            else {{ offset_in_dialect(filled('mapped.sold_at'), 'branches.time_zone') }}
        end as offset_text
    from mapped
    left join feeds as dialect on mapped.feed = dialect.feed
    left join branches on mapped.branch_id = branches.branch_id
    left join currencies on branches.currency = currencies.currency

),

valued as {{ computed_once() }} (

    select
        *,
        {{ safe_cast('quantity_text', 'numeric(12, 3)') }} as quantity_read,
        {%- for column in amounts %}
        {{ safe_cast(column ~ '_text', money) }} as {{ column }}_read,
        {%- endfor %}
        {{ moment_of(dbt.concat(['day_text', "' '", 'time_text']), 'offset_text', 'time_zone') }}
            as sold_at_read
    from written

),

final as (

    select
        *,
        {{ business_date('sold_at_read', 'time_zone', 'cutover_hour') }} as day_read,
        case
            when sold_at_read is not null then null
            when {{ dbt.safe_cast('day_text', 'date') }} is null then 'day'
            -- without a branch nobody knows by which clock
            when known_branch_id is not null then 'time'
        end as unread_part,
        -- a line with a date and nothing else: skipped, and counted here
        coalesce(
            _reject, clean_ticket, clean_article, {{ filled('sold_at') }}, quantity_text,
            unit_price_text, line_amount_text, order_total_text
        ) is null as is_blank
    from valued

)

select * from final
