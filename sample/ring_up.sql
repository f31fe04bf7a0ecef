-- Turns drafts (guest_drafts, sale_drafts, line_drafts) into the till's rows: a whole year at once
-- or one day. Every figure of an order follows from its lines, every payment from its order.
analyze sale_drafts;
analyze line_drafts;

insert into customers (
    customer_id, full_name, email, phone, preferred_language, accepts_marketing, preferences,
    created_at, updated_at
)
with named as (
    select
        guest_drafts.*,
        languages.language,
        settings.area_code,
        pick(guest_drafts.luck, 'given', languages.given_names) as given_name,
        pick(guest_drafts.luck, 'family', languages.family_names) as family_name,
        languages.family_first
    from guest_drafts
    cross join company.settings
    inner join company.languages
        on
            draw(guest_drafts.luck, 'language') >= languages.lower_bound
            and draw(guest_drafts.luck, 'language') < languages.upper_bound
),

addressed as (
    select
        *,
        case
            when family_first and language in ('zh', 'ja', 'ko') then family_name || given_name
            when family_first then family_name || ' ' || given_name
            else given_name || ' ' || family_name
        end as full_name,
        coalesce(
            nullif(
                trim(
                    '.' from regexp_replace(
                        regexp_replace(
                            lower(normalize(given_name || ' ' || family_name, nfd)),
                            '[^a-z ]', '', 'g'
                        ),
                        ' +', '.', 'g'
                    )
                ),
                ''
            ),
            'guest'
        ) as handle
    from named
)

select
    customer_id,
    full_name,
    case
        when draw(luck, 'has_email') < 0.78
            then
                handle || customer_id
                || pick(
                    luck, 'domain',
                    array['@example.com', '@example.org', '@example.net', '@mail.example']
                )
    end as email,
    case
        when draw(luck, 'has_phone') < 0.61
            then
                area_code || ' 555-01'
                || to_char(floor(draw(luck, 'phone') * 100), 'FM00')
    end as phone,
    language as preferred_language,
    draw(luck, 'marketing') < 0.37 as accepts_marketing,
    case
        when draw(luck, 'preferences') < 0.25
            then jsonb_build_object('seat', pick(luck, 'seat', array['window', 'bar', '窓側 🪟']))
        when draw(luck, 'preferences') < 0.5
            then jsonb_build_object(
                'allergies',
                jsonb_build_array(
                    pick(luck, 'allergy', array['gluten', 'lactose', 'frutos secos'])
                ),
                'contact', pick(luck, 'contact', array['email', 'phone', null])
            )
        when draw(luck, 'preferences') < 0.55 then cast('{}' as jsonb)
    end as preferences,
    created_at,
    updated_at
from addressed
order by customer_id;

insert into orders (
    order_id, order_number, customer_id, channel, status, ordered_at, currency, gross_amount,
    discount_amount, tax_amount, total_amount, note, metadata, created_at, updated_at
)
with baskets as (
    select
        sale_drafts.order_id,
        sum(line_drafts.quantity * line_drafts.unit_price) as gross_amount,
        sum(
            round(line_drafts.quantity * line_drafts.unit_price * sale_drafts.coupon_rate, 2)
        ) as discount_amount
    from line_drafts
    inner join sale_drafts on line_drafts.order_id = sale_drafts.order_id
    group by sale_drafts.order_id
),

taxed as (
    select
        baskets.*,
        settings.currency,
        round((baskets.gross_amount - baskets.discount_amount) * settings.tax_rate, 2)
            as tax_amount
    from baskets
    cross join company.settings
)

select
    sale_drafts.order_id,
    sale_drafts.order_number,
    sale_drafts.customer_id,
    sale_drafts.channel,
    sale_drafts.status,
    sale_drafts.ordered_at,
    taxed.currency,
    taxed.gross_amount,
    taxed.discount_amount,
    taxed.tax_amount,
    taxed.gross_amount - taxed.discount_amount + taxed.tax_amount as total_amount,
    case
        when draw(sale_drafts.luck, 'note') < 0.07
            then pick(
                sale_drafts.luck, 'words',
                array[
                    'no olives, please', 'sin cebolla, ¡gracias!', 'happy birthday 🎂🎉',
                    E'two plates\nextra napkins', 'say "surprise!" at the door', '少し辛めで',
                    'без лука', 'خبز إضافي', 'well done 🔥', ''
                ]
            )
    end as note,
    case
        when sale_drafts.coupon_rate > 0
            then jsonb_build_object('coupon', 'PIZZA' || round(sale_drafts.coupon_rate * 100))
        when sale_drafts.channel = 'dine_in'
            then jsonb_build_object(
                'table', 1 + cast(floor(draw(sale_drafts.luck, 'table') * 24) as integer),
                'server', pick(sale_drafts.luck, 'server', array['Ada', 'Zoë', 'Łukasz', '美咲'])
            )
        when sale_drafts.channel = 'delivery'
            then jsonb_build_object(
                'distance_km',
                round(cast((0.3 + 6 * draw(sale_drafts.luck, 'distance')) as numeric), 1)
            )
    end as metadata,
    sale_drafts.ordered_at as created_at,
    sale_drafts.ordered_at + interval '5 minutes'
    + draw(sale_drafts.luck, 'stay') * interval '40 minutes'
        as updated_at
from sale_drafts
inner join taxed on sale_drafts.order_id = taxed.order_id
order by sale_drafts.order_id;

insert into order_lines (
    order_line_id, order_id, line_number, product_id, quantity, unit_price, discount_amount,
    updated_at
)
select
    (select coalesce(max(order_lines.order_line_id), 0) from order_lines)
    + row_number() over (order by line_drafts.order_id, line_drafts.line_number)
        as order_line_id,
    line_drafts.order_id,
    line_drafts.line_number,
    line_drafts.product_id,
    line_drafts.quantity,
    line_drafts.unit_price,
    round(line_drafts.quantity * line_drafts.unit_price * sale_drafts.coupon_rate, 2)
        as discount_amount,
    orders.updated_at + line_drafts.line_number * interval '13 microseconds' as updated_at
from line_drafts
inner join sale_drafts on line_drafts.order_id = sale_drafts.order_id
inner join orders on line_drafts.order_id = orders.order_id
order by line_drafts.order_id, line_drafts.line_number;

insert into payments (
    payment_id, order_id, payment_method, payment_type, amount, tax_amount, tip_amount, currency,
    card_last_four, paid_at, updated_at
)
with bills as (
    select
        orders.*,
        sale_drafts.luck,
        case when draw(sale_drafts.luck, 'split') < 0.06 then 2 else 1 end as parts,
        cast((0.25 + 0.2 * draw(sale_drafts.luck, 'ratio')) as numeric) as ratio
    from orders
    inner join sale_drafts on orders.order_id = sale_drafts.order_id
    where orders.status = 'completed'
),

parts as (
    -- The second part is what the first leaves, so that the cents add up.
    select
        bills.*,
        all_parts.part,
        luck(bills.luck, 'part' || all_parts.part) as part_luck,
        case
            when bills.parts = 1 then bills.total_amount
            when all_parts.part = 1 then round(bills.total_amount * bills.ratio, 2)
            else bills.total_amount - round(bills.total_amount * bills.ratio, 2)
        end as amount,
        case
            when bills.parts = 1 then bills.tax_amount
            when all_parts.part = 1 then round(bills.tax_amount * bills.ratio, 2)
            else bills.tax_amount - round(bills.tax_amount * bills.ratio, 2)
        end as part_tax_amount
    from bills
    cross join generate_series(1, bills.parts) as all_parts (part)
),

methods as (
    select
        parts.*,
        case
            when parts.channel = 'app' then 'app'
            when draw(parts.part_luck, 'method') < settings.cash then 'cash'
            when draw(parts.part_luck, 'method') < settings.cash + settings.card then 'card'
            else 'app'
        end as payment_method
    from parts
    cross join company.settings
)

select
    (select coalesce(max(payments.payment_id), 0) from payments)
    + row_number() over (order by order_id, part)
        as payment_id,
    order_id,
    payment_method,
    'sale' as payment_type,
    amount,
    part_tax_amount as tax_amount,
    case
        when
            draw(part_luck, 'tips')
            < case payment_method when 'card' then 0.72 when 'app' then 0.3 else 0.04 end
            then round(cast((amount * (0.08 + 0.14 * draw(part_luck, 'tip'))) as numeric), 2)
        else 0
    end as tip_amount,
    currency,
    case
        when payment_method = 'card'
            then to_char(floor(draw(part_luck, 'card') * 10000), 'FM0000')
    end as card_last_four,
    updated_at - (4 - part) * interval '7.000311 seconds' as paid_at,
    updated_at - (4 - part) * interval '7.000311 seconds' as updated_at
from methods
order by order_id, part;
