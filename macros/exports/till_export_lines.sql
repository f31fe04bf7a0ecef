{#- The lines of a till's export, as every export gives them: typed by the feed's dialect, judged,
    with the keys of the till model. The last word of a base model that has mapped its columns.

    A ticket of a business day is an order: many tills number their tickets anew every day. A negative
    quantity is a refund, where the dialect says so, of the newest ticket of that number so far.

    Args:
        feed: the feed, as in .dlt/config.toml.
        mapped: a CTE with `landed_columns`, and beside them: ticket, article, sold_on (date) and
            sold_at (time of day) as text, quantity, unit_price (as text, tax included),
            payment_method (cash, card, app or voucher), channel, tax_rate (a number), raw_record. -#}
{% macro till_export_lines(feed, mapped="mapped") -%}
    {%- set line_key = export_line_key(feed, "lines.") -%}
    {%- set order_day = dbt.cast("lines.order_day", dbt.type_string()) -%}
    select
        -- keys
        {{ line_key }} as line_key,
        lines._file_name as file_name,
        lines.branch_id,
        {{ hashed_id(dbt.concat(["'" ~ feed ~ "/'", "coalesce(" ~ order_day ~ ", '')", "'/'", "lines.ticket"])) }}
            as order_id,
        {{ hashed_id(line_key) }} as order_line_id,
        {{ hashed_id("lines.article") }} as product_id,
        lines.ticket,

        -- what was sold
        lines.article,
        lines.channel,
        lines.payment_method,

        -- quantity and money
        lines.quantity_read as quantity,
        lines.unit_price_read as unit_price,
        cast(lines.tax_rate as numeric(6, 4)) as tax_rate,
        lines.currency,

        -- times
        {{ utc_time("lines.sold_at_read", "lines.time_zone") }} as sold_at,
        lines._deleted_at as deleted_at,

        -- load
        lines._dlt_load_id as load_id,

        -- judgement
        case
            when lines._reject is not null and lines._deleted_at is null
                then {{ one_reason(dbt.concat([
                    "'line '", dbt.cast("lines._line_number", dbt.type_string()), "' of '",
                    "lines._file_name", "' does not fit its header: '''", "lines._reject", "''''"
                ])) }}
            else {{ row_errors([
                broken("branch_id", "known_branch_id is null", "is not in the seed"),
                missing("ticket"),
                missing("article"),
                broken("quantity", "quantity_read is null", "is not a whole number"),
                broken("quantity", "quantity_read = 0", "is nothing"),
                broken("quantity", "quantity_read < 0 and not is_refund_allowed", "is below 0"),
                broken("unit_price", "unit_price_read is null", "is not a number"),
                broken(
                    "payment_method",
                    "coalesce(payment_method, '') not in ('cash', 'card', 'app', 'voucher')",
                    "is not cash, card, app or voucher"
                ),
                broken("sold_on", "sold_at_read is null", "is no day, or beside it stands no time"),
                outside_the_calendar("sold_on", moment="sold_at_read"),
            ]) }}
        end as _errors,
        lines.raw_record
    from (
        select
            dated.*,
            case
                when dated.quantity_read < 0
                    then coalesce(
                        max(case when quantity_read > 0 and _deleted_at is null then day_read end)
                            over (partition by ticket order by sold_at_read),
                        dated.day_read
                    )
                else dated.day_read
            end as order_day
        from (
            select
                read.*,
                trading.known_branch_id,
                trading.currency,
                trading.time_zone,
                cast({{ dbt.dateadd("hour", "-trading.cutover_hour", "read.sold_at_read") }} as date)
                    as day_read
            from (
                select
                    -- by name: a till may call any column of its own like one of ours
                    {{ landed_columns("mapped") }},
                    mapped.ticket,
                    mapped.article,
                    mapped.sold_on,
                    mapped.quantity,
                    mapped.unit_price,
                    mapped.payment_method,
                    mapped.channel,
                    mapped.tax_rate,
                    mapped.raw_record,
                    {{ whole_number(number_in_dialect("mapped.quantity")) }} as quantity_read,
                    {{ dbt.safe_cast(number_in_dialect("mapped.unit_price"), "numeric(12, 2)") }}
                        as unit_price_read,
                    {{ dbt.safe_cast(
                        dbt.concat([
                            date_in_dialect("mapped.sold_on"), "' '", time_in_dialect("mapped.sold_at")
                        ]), "timestamp"
                    ) }} as sold_at_read,
                    dialect.negative_quantity = 'refund' as is_refund_allowed
                from {{ mapped }} as mapped
                cross join {{ dialect_of(feed) }}
            ) as read
            left join (
                select
                    branches.branch_id as known_branch_id,
                    branches.time_zone,
                    branches.currency,
                    branches.cutover_hour
                from {{ ref("branches") }} as branches
            ) as trading on read.branch_id = trading.known_branch_id
        ) as dated
    ) as lines
{%- endmacro %}

{#- What the loader adds to each line of a feed: branch, file, line, reject, deletion and load.

    Args:
        relation: the landed table, or what reads it. -#}
{% macro landed_columns(relation) -%}
    {%- set names = [
        "branch_id", "_file_name", "_line_number", "_reject", "_deleted_at", "_dlt_load_id"
    ] -%}
    {{ relation }}.{{ names | join(", " ~ relation ~ ".") }}
{%- endmacro %}

{#- The key of a line of an export: its feed, its file, its number.

    Args:
        feed: the feed.
        relation: what stands before the columns' names, with its point. -#}
{% macro export_line_key(feed, relation="") -%}
    {{ dbt.concat([
        "'" ~ feed ~ ":'", relation ~ "_file_name", "':'",
        dbt.cast(relation ~ "_line_number", dbt.type_string())
    ]) }}
{%- endmacro %}

{#- A number that stands for a text: the first 15 hexadecimal digits of its MD5. -#}
{% macro hashed_id(text) -%}
    {{ return(adapter.dispatch("hashed_id")(text)) }}
{%- endmacro %}

{% macro default__hashed_id(text) -%}
    cast(conv(substring(md5({{ text }}), 1, 15), 16, 10) as bigint)
{%- endmacro %}

{% macro postgres__hashed_id(text) -%}
    cast(cast('x' || substring(md5({{ text }}), 1, 15) as bit(60)) as bigint)
{%- endmacro %}
