-- A new trading day of one till, the newest in company.business_days: what changes on the menu, and
-- the day's sales as drafts for ring_up.sql. They are drawn from the till's own published orders of
-- the same weekday and season. On New Year's Day all branches are closed.
create temp table today on commit drop as
with day as (
    select
        max(business_date) as business_date,
        to_char(max(business_date), 'MM-DD') <> '01-01' as is_open
    from company.business_days
),

lucky as (
    select
        day.*,
        settings.*,
        luck(settings.seed, settings.branch_id || day.business_date) as luck,
        luck(settings.seed, settings.branch_id || to_char(day.business_date, 'YYYY-MM'))
            as month_luck,
        (select max(products.updated_at) from products) as menu_changed_at
    from day
    cross join company.settings
),

late as (
    -- A tablet without a network hands its sales in a day later, or two, never at another price.
    select
        *,
        business_date - case
            when
                draw(luck, 'late by') < 0.3
                and menu_changed_at
                < timezone(time_zone, cast(business_date - 2 as timestamp))
                then 2
            else 1
        end as late_date
    from lucky
)

select
    *,
    late_date > date '2015-12-31' and to_char(late_date, 'MM-DD') <> '01-01' as has_late,
    extract(day from business_date) = 1 or to_char(business_date, 'MM-DD') = '01-02'
        as is_month_start,
    extract(day from business_date) = 3 + floor(draw(month_luck, 'price day') * 24) as is_price_day,
    timezone(time_zone, cast(business_date as timestamp)) as midnight
from late;

-- What a pizza costs a late sale (before the menu changes) and a sale of today (after).
create temp table prices on commit drop as
select
    true as is_late,
    product_id,
    unit_price,
    is_active and sku like 'special%' as is_special
from products;

insert into products (
    product_id, sku, product_name, category, size, unit_price, unit_cost, is_active, attributes,
    created_at, updated_at
)
select
    (select max(products.product_id) + 1 from products) as product_id,
    menu.code || '_' || to_char(today.business_date, 'YYYYMM') as sku,
    menu.product_name,
    menu.category,
    'L' as size,
    menu.price as unit_price,
    round(menu.price * menu.cost_share, 2) as unit_cost,
    true as is_active,
    jsonb_build_object(
        'diameter_inches', 16, 'vegetarian', menu.category = 'veggie', 'spicy', menu.is_spicy,
        'limited_edition', true
    ) as attributes,
    today.midnight + interval '7 hours' + draw(today.luck, 'special') * interval '30 minutes'
        as created_at,
    today.midnight + interval '7 hours' + draw(today.luck, 'special') * interval '30 minutes'
        as updated_at
from today
inner join company.menu on extract(month from today.business_date) = menu.month_number
where today.is_month_start and today.is_open;

update products
set
    is_active = false,
    updated_at = today.midnight + interval '7 hours' + draw(today.luck, 'gone') * interval '1 hour'
from today
where
    today.is_month_start
    and today.is_open
    and products.is_active
    and products.sku = 'special_' || to_char(today.business_date - interval '2 months', 'YYYYMM');

with chosen as (
    select
        products.product_id,
        today.midnight,
        luck(today.luck, products.sku) as luck
    from products
    cross join today
    where today.is_price_day and today.is_open and products.sku not like 'special%'
    order by luck(today.luck, products.sku)
    limit 6
)

update products
set
    -- in quarters, mostly up by 2 to 6 %, sometimes down by a quarter
    unit_price = case
        when draw(chosen.luck, 'down') < 0.2 then products.unit_price - 0.25
        else greatest(
            products.unit_price + 0.25,
            round(cast((products.unit_price * (4.08 + 0.16 * draw(chosen.luck, 'up'))) as numeric))
            / 4
        )
    end,
    unit_cost = round(products.unit_cost * 1.02, 2),
    updated_at = chosen.midnight + interval '8 hours'
    + draw(chosen.luck, 'changed') * interval '1 hour'
from chosen
where products.product_id = chosen.product_id;

insert into prices (is_late, product_id, unit_price, is_special)
select
    false as is_late,
    product_id,
    unit_price,
    is_active and sku like 'special%' as is_special
from products;

create temp table drawn on commit drop as
with sale_dates as (
    select
        business_date as sale_date,
        false as is_late
    from today
    where is_open
    union all
    select
        late_date as sale_date,
        true as is_late
    from today
    where is_open and has_late
),

years as (
    select
        *,
        cast(ceil((sale_date - date '2015-12-31') / 364.0) as integer) as years_on
    from sale_dates
),

twins as (
    -- The same weekday, 52 weeks back per year; where the branch was not open yet, half a year on.
    select
        years.*,
        years.sale_date - 364 * years.years_on
        + case
            when years.sale_date - 364 * years.years_on - 7 < today.opened_on then 182 else 0
        end as twin
    from years
    cross join today
),

traded as (
    select cast(min(timezone(today.time_zone, orders.ordered_at)) as date) as first_day
    from orders
    cross join today
),

known_twins as (
    select
        twins.sale_date,
        twins.is_late,
        twins.years_on,
        -- A till that was filled with the last weeks of the year only has its twins among them.
        case
            when twins.twin + 7 < traded.first_day
                then twins.twin + 7 * cast(ceil((traded.first_day - twins.twin) / 7.0) as integer)
            else twins.twin
        end as twin
    from twins
    cross join traded
),

sources as (
    select
        twins.*,
        twins.twin + 7 * weeks.week as source_date,
        count(*) over (partition by twins.is_late) as source_count
    from known_twins as twins
    cross join today
    cross join generate_series(-1, 1) as weeks (week)
    where
        twins.twin + 7 * weeks.week >= greatest(today.opened_on, date '2015-01-01')
        and twins.twin + 7 * weeks.week <= date '2015-12-31'
),

offered as (
    select
        sources.*,
        orders.order_id as source_order_id,
        orders.channel,
        (orders.ordered_at at time zone today.time_zone) - cast(sources.source_date as timestamp)
            as time_of_day,
        luck(
            today.seed,
            today.branch_id || sources.sale_date || sources.is_late || orders.order_number
        ) as luck
    from sources
    cross join today
    inner join orders
        on
            orders.ordered_at
            >= timezone(today.time_zone, cast(sources.source_date as timestamp))
            and orders.ordered_at
            < timezone(today.time_zone, cast(sources.source_date + 1 as timestamp))
),

sold as (
    select
        *,
        -- Some of the late guests come later still, but not into New Year's Day.
        time_of_day >= interval '21 hours'
        and draw(luck, 'night') < 0.3
        and to_char(sale_date, 'MM-DD') <> '12-31' as is_after_midnight
    from offered
    where
        draw(luck, 'sold') * source_count < case when is_late then 0.02 else 1 + 0.04 * years_on end
),

timed as (
    select
        sold.*,
        date_trunc(
            'second',
            case
                when sold.is_after_midnight
                    then
                        sold.sale_date
                        + interval '24 hours'
                        + draw(sold.luck, 'hour') * interval '110 minutes'
                else
                    sold.sale_date
                    + sold.time_of_day
                    + (draw(sold.luck, 'hour') - 0.5) * interval '20 minutes'
            end
        ) at time zone today.time_zone as ordered_at
    from sold
    cross join today
),

numbered as (
    select
        *,
        (select max(orders.order_id) from orders)
        + row_number() over (order by ordered_at, luck) as order_id
    from timed
),

seen as (
    -- A guest is whoever gave an earlier order, drawn at random: regulars come more often.
    select
        numbered.*,
        earlier.customer_id as earlier_customer_id,
        case
            when earlier.customer_id is null then numbered.channel in ('delivery', 'app')
            else draw(numbered.luck, 'new') < 0.08
        end as is_new_customer
    from numbered
    left join orders as earlier
        on
            earlier.order_id
            = 1
            + floor(draw(numbered.luck, 'guest') * 0.95 * (select max(orders.order_id) from orders))
)

select
    seen.order_id,
    seen.source_order_id,
    seen.is_late,
    seen.is_after_midnight,
    seen.is_new_customer,
    seen.ordered_at,
    seen.channel,
    to_char(seen.sale_date, 'YYYY') || '-' || today.branch_code || '-'
    || lpad(cast(seen.order_id as text), greatest(6, length(cast(seen.order_id as text))), '0')
        as order_number,
    case
        when seen.is_new_customer
            then
                (select max(customers.customer_id) from customers)
                + count(*) filter (where seen.is_new_customer) over (order by seen.order_id)
        else seen.earlier_customer_id
    end as customer_id
from seen
cross join today;

create temp table guest_drafts on commit drop as
with lucky as (
    select
        drawn.customer_id,
        drawn.ordered_at,
        luck(settings.seed, settings.branch_id || '-customer-' || drawn.customer_id) as luck
    from drawn
    cross join company.settings
    where drawn.is_new_customer
)

select
    customer_id,
    luck,
    ordered_at - draw(luck, 'registered') * interval '90 seconds' as created_at,
    ordered_at - draw(luck, 'registered') * interval '90 seconds' as updated_at
from lucky;

create temp table sale_drafts on commit drop as
with lucky as (
    select
        drawn.*,
        luck(settings.seed, drawn.order_number) as luck
    from drawn
    cross join company.settings
)

select
    order_id,
    order_number,
    luck,
    ordered_at,
    customer_id,
    channel,
    case when draw(luck, 'cancelled') < 0.01 then 'cancelled' else 'completed' end as status,
    case
        when draw(luck, 'coupon') < 0.02 then 0.20
        when draw(luck, 'coupon') < 0.05 then 0.15
        when draw(luck, 'coupon') < 0.08 then 0.10
        else 0.00
    end as coupon_rate
from lucky;

create temp table line_drafts on commit drop as
with lines as (
    select
        drawn.order_id,
        drawn.is_late,
        order_lines.line_number,
        order_lines.quantity,
        coalesce(
            case
                when draw(sale_drafts.luck, 'special' || order_lines.line_number) < 0.05
                    then (
                        select max(prices.product_id)
                        from prices
                        where prices.is_special and prices.is_late = drawn.is_late
                    )
            end,
            order_lines.product_id
        ) as product_id
    from drawn
    inner join sale_drafts on drawn.order_id = sale_drafts.order_id
    inner join order_lines on drawn.source_order_id = order_lines.order_id
)

select
    lines.order_id,
    lines.line_number,
    lines.product_id,
    lines.quantity,
    prices.unit_price
from lines
inner join prices on lines.product_id = prices.product_id and lines.is_late = prices.is_late;
