{#- What a web shop's event says, by our name: the fields of docs/how-to/add-a-web-shop.md. -#}
{%- set text = dbt.type_string() -%}
{%- set streams = var('web_shop_streams', []) if 'streams' in var('systems') else [] -%}
{%- set fields = ['platform', 'user_agent', 'campaign', 'page', 'query', 'step', 'product_id',
    'quantity', 'order_number', 'total', 'currency', 'sent_at'] -%}
{%- set columns = ['event_key', 'branch_id', 'customer_id', 'visitor_hash', 'event_type',
    'load_id'] -%}
{%- set sent_at = message_moment('opened.sent_at') -%}
{%- set bots = ['bot', 'crawl', 'spider', 'headless', 'python-requests', 'curl/'] -%}

with

opened as (

    {%- if streams %}
    select
        {{ columns | join(',\n        ') }},
        {%- for field in fields %}
        nullif({{ json_text('body', field) }}, '') as {{ field }},
        {%- endfor %}
        occurred_at,
        received_at
    from {{ ref('stg_streams__events') }}
    where stream in ('{{ streams | join("', '") }}')
    {%- else %}
    {#- a company without a web shop has no events -#}
    select
        {%- for column in columns + fields %}
        cast(null as {{ text }}) as {{ column }},
        {%- endfor %}
        cast(null as timestamp with time zone) as occurred_at,
        cast(null as timestamp with time zone) as received_at
    from {{ ref('branches') }}
    where 1 = 0
    {%- endif %}

),

branches as (select * from {{ ref('branches') }}),

measured as (

    select
        opened.*,
        lower(coalesce(opened.user_agent, '')) as agent,
        -- how far the device's clock is behind: it says when it sent the event, and we know that
        coalesce(
            {{ dbt.datediff(sent_at, 'opened.received_at', 'millisecond') }}, 0
        ) as milliseconds_behind
    from opened

),

timed as (

    select
        measured.*,
        {{ has_wrong_clock('measured.milliseconds_behind') }} as has_wrong_clock,
        {{ right_time(
            'measured.occurred_at', 'measured.received_at', 'measured.milliseconds_behind'
        ) }} as happened_at
    from measured

),

final as (

    select
        -- keys
        timed.event_key,
        timed.branch_id,
        coalesce(timed.visitor_hash, timed.event_key) as visitor_key,
        {{ surrogate_key('timed.branch_id', 'timed.customer_id') }} as customer_key,
        {{ business_date('timed.happened_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,

        -- what happened
        timed.event_type,
        timed.platform,
        timed.campaign,
        timed.page,
        timed.query as search_query,
        timed.step as checkout_step,
        timed.product_id,
        {{ safe_cast('timed.quantity', 'numeric(12, 3)') }} as quantity,
        timed.order_number,
        {{ safe_cast('timed.total', exact_type() | trim) }} as total_amount,
        timed.currency,
        {%- for word in bots %}
        {{ 'or ' if not loop.first }}timed.agent like '%{{ word }}%'
        {%- endfor %}
            as is_bot,

        -- times
        timed.happened_at,
        timed.occurred_at,
        timed.received_at,
        timed.has_wrong_clock,

        -- load
        timed.load_id
    from timed
    left join branches on timed.branch_id = branches.branch_id

)

select * from final
