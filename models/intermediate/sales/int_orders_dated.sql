with

orders as (select * from {{ ref('int_orders_recorded') }}),

branches as (select * from {{ ref('branches') }}),

currencies as (select * from {{ ref('currencies') }}),

judged as (

    select
        orders.*,
        coalesce(orders.amounts_include_tax, branches.prices_include_tax) as prices_include_tax,
        branches.currency as branch_currency,
        currencies.minor_unit,
        orders.deleted_at is not null as is_deleted,
        orders.status = 'cancelled' as is_cancelled,
        orders.status = 'draft' as is_draft,
        orders.deleted_at is null and orders.status = 'completed' as is_counted,
        {{ business_date('orders.ordered_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        cast(
            extract(hour from {{ local_time('orders.ordered_at', 'branches.time_zone') }})
            as integer
        ) as local_hour
    from orders
    inner join branches on orders.branch_id = branches.branch_id
    left join currencies on branches.currency = currencies.currency

),

final as (

    select
        -- keys
        system_name,
        order_key,
        branch_id,
        order_id,
        order_number,
        customer_key,
        customer_id,
        closing_id,

        -- what the order is
        channel,
        order_kind,
        coalesce(currency, branch_currency) as currency,
        minor_unit,
        prices_include_tax,

        -- which rows count, and which of them sell something
        is_deleted,
        is_cancelled,
        is_draft,
        is_counted,
        is_counted and order_kind not in ('return', 'day_total') as is_sale,
        returned_amount > 0 as has_returns,

        -- money: nothing, where the order does not count
        {%- for amount in ['gross_amount', 'discount_amount', 'tax_amount', 'total_amount',
            'tax_refunded', 'tips_amount'] %}
        cast(case when is_counted then {{ amount }} else 0 end as {{ exact_type() }})
            as {{ amount }},
        {%- endfor %}
        -- what returned lines give back, without its tax
        cast(
            case
                when is_counted and prices_include_tax then returned_amount - tax_refunded
                when is_counted then returned_amount
                else 0
            end as {{ exact_type() }}
        ) as refund_amount,

        -- times
        ordered_at,
        business_date,
        local_hour,

        -- load
        load_id
    from judged

)

select * from final
