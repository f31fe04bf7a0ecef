{#- A ticket of a business date is an order, because many tills number their tickets anew every day.
    A negative quantity is a refund, where the dialect says so, of its number's newest ticket. -#}
{%- set mapped_columns = {
    'branch_id': 'text', '_file_name': 'text', '_line_number': 'bigint', '_reject': 'text',
    '_deleted_at': 'timestamp with time zone', '_dlt_load_id': 'text', 'ticket': 'text',
    'article': 'text', 'sold_on': 'text', 'sold_at': 'text', 'quantity': 'text',
    'unit_price': 'text', 'payment_method': 'text', 'channel': 'text', 'tax_rate': 'numeric',
    'raw_record': 'text'} %}
{%- set no_values = ['cast(null as text) as feed'] -%}
{%- for column, type in mapped_columns.items() -%}
{%- do no_values.append('cast(null as ' ~ type ~ ') as ' ~ column) -%} {%- endfor -%}

with

branches as (

    select * from {{ ref('branches') }}

),

feeds as (

    select * from {{ ref('stg_exports__feeds') }}

),

mapped as (

    -- no row: the columns, where no feed is an export
    select
        {{ no_values | join(',\n        ') }}
    where 1 = 0
    {%- for feed in till_exports() %}
    union all
    select
        '{{ feed }}' as feed,
        {{ mapped_columns | join(',\n        ') }}
    from {{ ref('base_exports__' ~ feed) }}
    {%- endfor %}

),

typed as (

    select
        mapped.*,
        {{ dbt.safe_cast(
            "regexp_replace(" ~ number_in_dialect('mapped.quantity') ~ ", '[.]0*$', '')", 'integer'
        ) }} as quantity_read,
        {{ dbt.safe_cast(number_in_dialect('mapped.unit_price'), 'numeric(12, 2)') }}
            as unit_price_read,
        {{ dbt.safe_cast(dbt.concat([
            date_in_dialect('mapped.sold_on'), "' '", time_in_dialect('mapped.sold_at')
        ]), 'timestamp') }} as sold_at_read,
        coalesce(dialect.negative_quantity = 'refund', false) as is_refund_allowed
    from mapped
    left join feeds as dialect on mapped.feed = dialect.feed

),

dated as (

    select
        typed.*,
        branches.branch_id as known_branch_id,
        branches.currency,
        branches.time_zone,
        cast({{ dbt.dateadd('hour', '-branches.cutover_hour', 'typed.sold_at_read') }} as date)
            as day_read
    from typed
    left join branches on typed.branch_id = branches.branch_id

),

assigned as (

    select
        dated.*,
        {{ dbt.concat(["dated.feed", "':'", line_key()]) }} as line_key,
        case
            when dated.quantity_read < 0
                then coalesce(
                    max(
                        case
                            when dated.quantity_read > 0 and dated._deleted_at is null
                                then dated.day_read
                        end
                    ) over (partition by dated.feed, dated.ticket order by dated.sold_at_read),
                    dated.day_read
                )
            else dated.day_read
        end as order_day
    from dated

),

final as (

    select
        -- keys
        feed,
        line_key,
        _file_name as file_name,
        branch_id,
        {{ hashed_id(dbt.concat([
            "feed", "'/'", "coalesce(" ~ dbt.cast("order_day", dbt.type_string()) ~ ", '')", "'/'",
            "ticket"
        ])) }} as order_id,
        {{ hashed_id('line_key') }} as order_line_id,
        {{ hashed_id('article') }} as product_id,
        ticket,

        -- what was sold
        article,
        channel,
        payment_method,

        -- quantity and money
        quantity_read as quantity,
        unit_price_read as unit_price,
        cast(tax_rate as numeric(6, 4)) as tax_rate,
        currency,

        -- times
        {{ utc_time('sold_at_read', 'time_zone') }} as sold_at,
        _deleted_at as deleted_at,

        -- load
        _dlt_load_id as load_id,

        -- judgement
        {{ line_errors([
            broken('branch_id', 'known_branch_id is null', 'is not in the seed'),
            missing('ticket'), missing('article'),
            broken('quantity', 'quantity_read is null', 'is not a whole number'),
            broken('quantity', 'quantity_read = 0', 'is nothing'),
            broken('quantity', 'quantity_read < 0 and not is_refund_allowed', 'is below 0'),
            broken('unit_price', 'unit_price_read is null', 'is not a number'),
            broken('payment_method',
                "coalesce(payment_method, '') not in ('cash', 'card', 'app', 'voucher')",
                'is not cash, card, app or voucher'),
            broken('sold_on', 'sold_at_read is null', 'is no day, or has no time'),
            outside_the_calendar('sold_on', moment='sold_at_read'),
        ]) }} as _errors,
        raw_record
    from assigned

)

select * from final
