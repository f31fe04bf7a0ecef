{#- All exports in one shape, read in their dialects. What a feed's model does not map is null: in
    the inner query a name that the model does not have is the default's. -#}
{%- set required = ['branch_id', '_file_name', '_line_number', '_reject', '_deleted_at',
    '_dlt_load_id', 'sold_on', 'raw_record'] %}
{%- set optional = ['ticket', 'article', 'sold_at', 'quantity', 'unit_price', 'line_amount',
    'discount', 'line_kind', 'payment_method', 'channel', 'product_name', 'category', 'unit_cost',
    'order_total', 'returned_ticket', 'order_grain', 'tax_rate', 'line_part', 'is_total'] %}
{%- set types = {'_line_number': 'bigint', '_deleted_at': 'timestamp with time zone',
    'tax_rate': 'numeric', 'line_part': 'integer', 'is_total': 'boolean'} %}
{%- set nothing, defaults = [], [] %}
{%- for column in required + optional %}
{%- set default = 'cast(null as ' ~ types.get(column, dbt.type_string()) ~ ') as ' ~ column %}
{%- do nothing.append(default) %}
{%- if column in optional %} {%- do defaults.append(default) %} {%- endif %}
{%- endfor %}
{%- set columns, money = required + optional, exact_type() | trim %}

with

branches as (

    select * from {{ ref('branches') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

-- how each feed writes its numbers, days and times, found out once and not for every line
feeds as {{ computed_once() }} (

    select
        dialect.*,
        {{ number_pattern() }} as number_pattern,
        {{ number_pattern(quantity_decimal()) }} as quantity_pattern,
        {{ date_pattern() }} as date_pattern,
        {{ time_pattern() }} as time_pattern
    from {{ ref('stg_exports__feeds') }} as dialect

),

defaults as (

    select
        {{ defaults | join(',\n        ') }}

),

mapped as (

    -- no row: the columns, where no feed is an export
    select
        cast(null as {{ dbt.type_string() }}) as feed,
        {{ nothing | join(',\n        ') }}
    where 1 = 0
    {%- for feed in till_exports() %}
    union all
    select
        '{{ feed }}' as feed,
        feed_lines.{{ columns | join(',\n        feed_lines.') }}
    from defaults
    -- the linter knows no place for a lateral query
    -- noqa: disable=LT02,ST05
    cross join lateral (
        select
            {{ columns | join(',\n            ') }}
        from {{ ref('base_exports__' ~ feed) }}
    ) as feed_lines
    -- noqa: enable=LT02,ST05
    {%- endfor %}

),

-- names and keys without blanks around them; numbers as text with a point
written as {{ computed_once() }} (

    select
        mapped.*,
        branches.branch_id as known_branch_id,
        branches.currency,
        branches.time_zone,
        branches.cutover_hour,
        coalesce(currencies.minor_unit, 2) as minor_unit,
        -- a line that the export calls a return may be one in any dialect
        coalesce(dialect.negative_quantity = 'refund', false) or mapped.line_kind is not null
            as is_refund_allowed,
        dialect.feed is not null and dialect.branch_id is null as has_several_branches,
        {%- for column in ['ticket', 'article', 'returned_ticket', 'payment_method', 'channel'] %}
        {{ filled('mapped.' ~ column) }} as clean_{{ column }},
        {%- endfor %}
        {{ quantity_in_dialect(filled('mapped.quantity'), 'dialect.quantity_pattern') }}
            as quantity_text,
        {%- for column in ['unit_price', 'line_amount', 'discount', 'unit_cost', 'order_total'] %}
        {{ number_in_dialect(filled('mapped.' ~ column), pattern='dialect.number_pattern') }}
            as {{ column }}_text,
        {%- endfor %}
        coalesce(mapped.order_grain, 'ticket') as grain,
        -- a day's sum is of its noon
        {{ dbt.concat([
            date_in_dialect(filled('mapped.sold_on'), 'dialect.date_pattern'), "' '",
            "case when mapped.order_grain = 'day' then '12:00' else "
            ~ time_in_dialect(filled('mapped.sold_at'), 'dialect.time_pattern') ~ " end",
        ]) }} as sold_at_text,
        case
            when mapped.order_grain = 'day' then ''
            else {{ offset_in_dialect(filled('mapped.sold_at')) }}
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
        {%- for column in ['unit_price', 'line_amount', 'discount', 'unit_cost', 'order_total'] %}
        {{ safe_cast(column ~ '_text', money) }} as {{ column }}_read,
        {%- endfor %}
        {{ moment_of('sold_at_text', 'offset_text', 'time_zone') }} as sold_at_read
    from written

),

final as (

    select
        *,
        {{ business_date('sold_at_read', 'time_zone', 'cutover_hour') }} as day_read,
        -- a line with a date and nothing else: skipped, and counted here
        coalesce(
            _reject, clean_ticket, clean_article, {{ filled('sold_at') }}, quantity_text,
            unit_price_text, line_amount_text, order_total_text
        ) is null as is_blank
    from valued

)

select * from final
