{#- A ticket of a business date is an order, because many tills number their tickets anew every day.
    What a line gives back is of its number's newest ticket, unless it names the ticket itself. -#}
{%- set money = exact_type() | trim %}

with

lines as (

    select
        *,
        -- a line of a file may be several: one for each column of a product, or element of a list
        {{ dbt.concat([
            "feed", "':'", line_key(), "coalesce(" ~ dbt.concat(["':'", dbt.cast("line_part",
            dbt.type_string())]) ~ ", '')"
        ]) }} as line_key,
        case grain
            when 'ticket' then clean_ticket
            when 'line' then coalesce(clean_ticket, {{ line_key() }})
            else {{ dbt.cast("day_read", dbt.type_string()) }}
        end as order_ticket
    from {{ ref('base_exports__lines_numbered') }}

),

assigned as (

    select
        *,
        case
            when kind = 'return' and clean_returned_ticket is null
                then coalesce(number_sold_on, day_read)
            else day_read
        end as order_day
    from lines

),

-- What is given back on the order's own day are lines of it. An order of which something is given
-- back on a later day keeps all that it gave back as payments, each on its own day. The way of
-- paying may be written on one line of the ticket alone.
placed as (

    select
        *,
        max(case when order_day <> day_read and _deleted_at is null then 1 else 0 end) over orders
            as later_returns,
        min(case when _deleted_at is null then clean_payment_method end) over orders
            as first_method,
        max(case when _deleted_at is null then clean_payment_method end) over orders as last_method
    from assigned
    window orders as (partition by feed, branch_id, order_ticket, order_day)

),

final as (

    select
        -- keys
        feed,
        line_key,
        _file_name as file_name,
        branch_id,
        -- with its branch, where a corrected file may say another one; none, where it says none
        {{ hashed_id(dbt.concat([
            "feed", "'/'",
            "case when has_several_branches then " ~ dbt.concat(["branch_id", "'/'"]) ~ " else '' end",
            "coalesce(" ~ dbt.cast("order_day", dbt.type_string()) ~ ", '')", "'/'",
            "case when grain = 'line' then " ~ line_key() ~ " else order_ticket end"
        ])) }} as order_id,
        {{ hashed_id('line_key') }} as order_line_id,
        {{ hashed_id("coalesce(clean_article, case when grain = 'day' then 'all' end)") }}
            as product_id,
        order_ticket as ticket,
        clean_returned_ticket as returned_ticket,
        clean_customer_id as customer_id,

        -- what was sold
        coalesce(clean_article, case when grain = 'day' then 'all' end) as article,
        coalesce({{ filled('product_name') }}, clean_article, 'all') as product_name,
        coalesce({{ filled('category') }}, 'unsorted') as category,
        kind as line_kind,
        kind <> 'return' or later_returns = 0 as is_order_line,
        grain as order_grain,
        coalesce(clean_channel, 'unknown') as channel,
        coalesce(
            clean_payment_method, case first_method when last_method then last_method end, 'unknown'
        ) as payment_method,

        -- quantity and money
        line_quantity as quantity,
        cast(price_of_one as {{ money }}) as unit_price,
        cast(gross_amount as {{ money }}) as gross_amount,
        cast(gross_amount - charged_amount as {{ money }}) as discount_amount,
        unit_cost_read as unit_cost,
        order_total_read as order_total,
        cast(case when tax_rate between 0 and 1 then tax_rate end as numeric(9, 6)) as tax_rate,
        own_tax_amount as tax_amount,
        prices_include_tax,
        currency,
        minor_unit,

        -- times
        sold_at_read as sold_at,
        _deleted_at as deleted_at,

        -- load
        _dlt_load_id as load_id,

        -- judgement
        {{ line_errors([
            broken('branch_id', 'known_branch_id is null', 'is not in the seed'),
            reason_where("grain = 'ticket' and clean_ticket is null", 'ticket: is missing'),
            reason_where("grain <> 'day' and clean_article is null", 'article: is missing'),
            broken('order_grain', "grain not in ('ticket', 'line', 'day')", 'is not ticket, line or day'),
            broken('line_kind', "kind not in ('sale', 'return', 'discount', 'tip', 'charge')",
                'is not sale, return, discount, tip or charge'),
            reason_where("counted_quantity is null and quantity_text is null", 'quantity: is missing'),
            unreadable('quantity', 'numeric(12, 3)', optional=true, text='quantity_text'),
            broken('quantity', "quantity_read = 0 and grain <> 'day'", 'is nothing'),
            broken('quantity', "kind = 'return' and not is_refund_allowed", 'is below 0'),
            broken('unit_price', 'unit_price_read < 0 and counted_quantity < 0'
                ' and line_kind is null and line_amount_read is null',
                'is below 0, and so is the quantity: the model must say line_amount or line_kind'),
            reason_where('unit_price_text is null and line_amount_text is null',
                'unit_price: is missing, and so is line_amount'),
            unreadable('unit_price', money, optional=true, text='unit_price_text'),
            unreadable('line_amount', line_amount_type(), optional=true, text='line_amount_text'),
            broken('unit_price', 'charged_amount is null and unit_price_read is not null'
                ' and counted_quantity is not null', 'is too large with this quantity'),
            unreadable('discount', line_amount_type(), optional=true, text='discount_text'),
            unreadable('unit_cost', money, optional=true, text='unit_cost_text'),
            unreadable('order_total', money, optional=true, text='order_total_text'),
            unreadable('tax_amount', money, optional=true, text='tax_amount_text'),
            broken('tax_rate', 'tax_rate not between 0 and 1', 'is not between 0 and 1'),
            broken('payment_method',
                "clean_payment_method not in ('cash', 'card', 'app', 'voucher', 'unknown')",
                'is not cash, card, app or voucher'),
            broken('channel',
                "clean_channel not in ('dine_in', 'takeaway', 'delivery', 'app', 'unknown')",
                'is not dine_in, takeaway, delivery or app'),
            broken('sold_on', "unread_part = 'day'", 'is no day'),
            broken('sold_at', "unread_part = 'time'", 'is no time'),
            outside_the_calendar('sold_on', moment='sold_at_read'),
        ]) }} as _errors,
        raw_record
    from placed

)

select * from final
