{{ config(alias='orders_today') }}
{%- set systems = [] %}
{%- for system in till_systems() if not var('systems')[system].get('feeds') %}
{%- do systems.append(system) %}
{%- endfor %}
{%- set day_before = dbt.dateadd('day', -2, dbt.current_timestamp()) %}

with

published as (select * from {{ ref('fct_orders') }}),

-- of a branch whose till is never read, nobody knows what it sells today
branches as (

    select
        *,
        {{ business_date(dbt.current_timestamp(), 'time_zone', 'cutover_hour') }} as business_date
    from {{ ref('dim_branches') }}
    where
        branch_id in (
            select published.branch_id from published
            where published.system_name in ('{{ systems | join("', '") }}')
        )

),

landed as (

    select
        order_key,
        branch_id,
        cast(null as {{ dbt.type_string() }}) as status,
        order_kind,
        prices_include_tax as amounts_include_tax,
        gross_revenue_exact as gross_amount,
        discount_amount_exact as discount_amount,
        tax_amount_exact as tax_amount,
        ordered_at,
        ordered_at as deleted_at
    from published
    where 1 = 0
    {%- for system in systems %}
    union all
    select
        order_key,
        branch_id,
        status,
        order_kind,
        amounts_include_tax,
        gross_amount,
        discount_amount,
        tax_amount,
        ordered_at,
        deleted_at
    from {{ ref('stg_' ~ system ~ '__orders') }}
    where load_id > {{ published_load(system) }}
    {%- endfor %}

),

orders as (

    select
        landed.branch_id,
        landed.ordered_at,
        {{ revenue_before_refunds(
            'landed.gross_amount', 'landed.discount_amount', 'landed.tax_amount',
            'coalesce(landed.amounts_include_tax, branches.prices_include_tax)'
        ) }} as revenue
    from landed
    inner join branches on landed.branch_id = branches.branch_id
    where
        landed.deleted_at is null
        and landed.status = 'completed'
        and landed.order_kind not in ('return', 'day_total')
    union all
    -- what has changed since is as it landed
    select
        published.branch_id,
        published.ordered_at,
        published.revenue_before_refunds_exact as revenue
    from published
    where
        published.is_sale
        and published.business_date >= cast({{ day_before }} as date)
        and not exists (
            select 1 from landed
            where landed.order_key = published.order_key
        )

),

final as (

    select
        -- keys
        branches.branch_id,
        branches.business_date,

        -- measures
        count(orders.branch_id) as orders,
        {{ money('coalesce(sum(orders.revenue), 0)', 'max(branches.minor_unit)') }}
            as revenue_before_refunds,
        max(branches.currency) as currency,
        max(orders.ordered_at) as last_ordered_at
    from branches
    left join orders
        on
            branches.branch_id = orders.branch_id
            and branches.business_date = {{ business_date(
                'orders.ordered_at', 'branches.time_zone', 'branches.cutover_hour'
            ) }}
    where {{ may_see('branches.branch_id') }}
    group by branches.branch_id, branches.business_date

)

select * from final
