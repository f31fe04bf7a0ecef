with

orders as (

    select * from {{ ref('int_orders_recorded') }}

),

branches as (

    select * from {{ ref('branches') }}

),

judged as (

    select
        *,
        deleted_at is not null as is_deleted,
        status = 'cancelled' as is_cancelled,
        deleted_at is null and status <> 'cancelled' as is_counted
    from orders

),

final as (

    select
        -- keys
        judged.order_key,
        judged.branch_id,
        judged.order_id,
        judged.order_number,
        judged.customer_key,
        judged.customer_id,

        -- what the order is
        judged.channel,
        judged.currency,
        branches.prices_include_tax,

        -- which rows count
        judged.is_deleted,
        judged.is_cancelled,
        judged.is_counted,

        -- money: nothing, where the order does not count
        cast(case when judged.is_counted then judged.gross_amount else 0 end as numeric(12, 2))
            as gross_amount,
        cast(case when judged.is_counted then judged.discount_amount else 0 end as numeric(12, 2))
            as discount_amount,
        cast(case when judged.is_counted then judged.tax_amount else 0 end as numeric(12, 2))
            as tax_amount,
        cast(case when judged.is_counted then judged.total_amount else 0 end as numeric(12, 2))
            as total_amount,

        -- times
        judged.ordered_at,
        {{ business_date('judged.ordered_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        cast(
            extract(hour from {{ local_time('judged.ordered_at', 'branches.time_zone') }})
            as integer
        ) as local_hour,

        -- load
        judged.load_id
    from judged
    inner join branches on judged.branch_id = branches.branch_id

)

select * from final
