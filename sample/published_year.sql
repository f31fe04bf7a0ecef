-- The branch's share of the published year, as drafts that ring_up.sql turns into the till's rows.

insert into products (
    product_id, sku, product_name, category, size, unit_price, unit_cost, is_active, attributes,
    created_at, updated_at
)
with variants as (
    select distinct
        name as code,
        size,
        type as category,
        cast(price as numeric(10, 2)) as price
    from publication
),

numbered as (
    -- Every branch typed its menu in by itself: the same pizza has another number elsewhere.
    select
        variants.*,
        settings.opened_on,
        settings.time_zone,
        row_number() over (
            order by luck(settings.seed, settings.branch_id || variants.code || variants.size)
        ) as product_id
    from variants
    cross join company.settings
)

select
    numbered.product_id,
    numbered.code || '_' || lower(numbered.size) as sku,
    menu.product_name,
    numbered.category,
    numbered.size,
    numbered.price as unit_price,
    round(numbered.price * menu.cost_share, 2) as unit_cost,
    true as is_active,
    jsonb_build_object(
        'diameter_inches',
        case numbered.size
            when 'S' then 12
            when 'M' then 14
            when 'L' then 16
            when 'XL' then 18
            else 20
        end,
        'vegetarian', numbered.category = 'veggie',
        'spicy', menu.is_spicy
    ) as attributes,
    (numbered.opened_on + time '08:00') at time zone numbered.time_zone
    + numbered.product_id * interval '41.000037 seconds'
        as created_at,
    (numbered.opened_on + time '08:00') at time zone numbered.time_zone
    + numbered.product_id * interval '41.000037 seconds'
        as updated_at
from numbered
inner join company.menu on numbered.code = menu.code;

-- Which branch sold a published order is fixed, whatever the seed: each open branch weighs in with
-- its size, times its habit at that hour and on that weekday; the order's own hash picks one.
create temp table seated on commit drop as
with baskets as (
    select
        id,
        cast(min(date) as date) as local_date,
        cast(min(date) as date) + cast(min(time) as time) as local_time
    from publication
    where cast(date as date) >= (select run.first_day from run)
    group by id
),

weighed as (
    select
        baskets.id,
        baskets.local_time,
        habits.branch_id,
        cast(habits.weight as numeric)
        * case
            when cast(branches.opened_on as date) > baskets.local_date then 0
            when extract(hour from baskets.local_time) < 15 then cast(habits.lunch as numeric)
            when extract(hour from baskets.local_time) >= 18 then cast(habits.evening as numeric)
            else 1
        end
        * case
            when
                extract(isodow from baskets.local_date) >= 6
                then cast(habits.weekend as numeric)
            else 1
        end
            as weight
    from baskets
    cross join habits
    inner join branches on habits.branch_id = branches.branch_id
),

stacked as (
    select
        *,
        sum(weight) over (partition by id order by branch_id) as upper_bound,
        sum(weight) over (partition by id)
        * cast(draw(luck(0, id), 'branch') as numeric) as throw
    from weighed
),

shared_out as (
    select
        stacked.id as published_id,
        stacked.id || case when copies.copy > 1 then '-' || copies.copy else '' end as order_number,
        timezone(
            settings.time_zone, stacked.local_time + (copies.copy - 1) * interval '3 seconds'
        ) as ordered_at
    from stacked
    inner join company.settings on stacked.branch_id = settings.branch_id
    cross join generate_series(1, settings.scale) as copies (copy)
    where
        stacked.throw < stacked.upper_bound
        and stacked.throw >= stacked.upper_bound - stacked.weight
),

numbered as (
    select
        shared_out.*,
        luck(settings.seed, shared_out.order_number) as luck,
        row_number() over (order by shared_out.ordered_at, shared_out.order_number) as order_id,
        count(*) over () as order_count
    from shared_out
    cross join company.settings
),

channelled as (
    select
        numbered.*,
        settings.anonymous,
        case
            when draw(numbered.luck, 'channel') < settings.dine_in then 'dine_in'
            when draw(numbered.luck, 'channel') < settings.dine_in + settings.takeaway
                then 'takeaway'
            when
                draw(numbered.luck, 'channel')
                < settings.dine_in + settings.takeaway + settings.delivery then 'delivery'
            else 'app'
        end as channel
    from numbered
    cross join company.settings
)

select
    order_id,
    published_id,
    order_number,
    luck,
    ordered_at,
    channel,
    -- A skewed throw makes regulars of the low numbers; the circle of guests widens over time.
    case
        when channel in ('delivery', 'app') or draw(luck, 'known') >= anonymous
            then cast(floor(
                order_count / 6.0
                * (0.2 + 0.8 * order_id / order_count)
                * draw(luck, 'guest')
                * (0.1 + 0.9 * draw(luck, 'guest'))
            ) as integer)
    end as guest
from channelled;

-- Guests who came early in the year may have been on file for years; a few never ordered.
create temp table guest_drafts on commit drop as
with first_orders as (
    select
        guest,
        min(ordered_at) as ordered_at,
        min(order_id) as order_id
    from seated
    where guest is not null
    group by guest
),

circle as (
    select
        generate_series(0, cast(floor(count(*) / 6.0) as integer) - 1) as guest,
        count(*) as order_count,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at
    from seated
),

arrived as (
    select
        circle.guest,
        circle.last_ordered_at,
        timezone(settings.time_zone, cast(settings.opened_on as timestamp)) as opened_at,
        luck(settings.seed, settings.branch_id || '-guest-' || circle.guest) as luck,
        coalesce(
            first_orders.ordered_at,
            circle.first_ordered_at
            + draw(luck(settings.seed, settings.branch_id || '-idle-' || circle.guest), 'day')
            * (circle.last_ordered_at - circle.first_ordered_at)
        ) as arrived_at,
        coalesce(first_orders.order_id < circle.order_count * 0.15, false) as is_early
    from circle
    cross join company.settings
    left join first_orders on circle.guest = first_orders.guest
),

registered as (
    select
        *,
        case
            when is_early
                then arrived_at - draw(luck, 'registered') * (arrived_at - opened_at)
            else arrived_at - draw(luck, 'registered') * interval '90 seconds'
        end as created_at
    from arrived
)

select
    guest,
    luck,
    created_at,
    row_number() over (order by created_at, guest) as customer_id,
    case
        when draw(luck, 'changed') < 0.3
            then created_at + draw(luck, 'changed_at') * (last_ordered_at - created_at)
        else created_at
    end as updated_at
from registered;

create temp table sale_drafts on commit drop as
select
    seated.order_id,
    seated.published_id,
    seated.order_number,
    seated.luck,
    seated.ordered_at,
    guest_drafts.customer_id,
    seated.channel,
    'completed' as status,
    0.00 as coupon_rate
from seated
left join guest_drafts on seated.guest = guest_drafts.guest;

-- Equal pizzas of an order are one line with a quantity, in the order of the publication.
create temp table line_drafts on commit drop as
with published_lines as (
    select
        id as published_id,
        name || '_' || lower(size) as sku,
        cast(min(price) as numeric(10, 2)) as unit_price,
        count(*) as quantity,
        row_number() over (partition by id order by min(position)) as line_number
    from publication
    group by id, name, size
)

select
    sale_drafts.order_id,
    published_lines.line_number,
    products.product_id,
    published_lines.quantity,
    published_lines.unit_price
from published_lines
inner join sale_drafts on published_lines.published_id = sale_drafts.published_id
inner join products on published_lines.sku = products.sku;
