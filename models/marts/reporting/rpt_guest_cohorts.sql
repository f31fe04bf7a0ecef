with

orders as (

    select * from {{ ref('fct_orders') }}
    where is_sale and customer_key is not null

),

guests as (select * from {{ ref('dim_customers') }}),

dates as (select * from {{ ref('dim_dates') }}),

visited_months as (

    select distinct
        orders.customer_key,
        dates.month_start
    from orders
    inner join dates on orders.business_date = dates.date_day

),

final as (

    select
        -- key
        guests.branch_id,
        first_dates.month_start as first_month_start,
        visited_months.month_start,

        -- volume
        cast(count(*) as integer) as guests
    from visited_months
    inner join guests on visited_months.customer_key = guests.customer_key
    inner join dates as first_dates on guests.first_business_date = first_dates.date_day
    group by guests.branch_id, first_dates.month_start, visited_months.month_start

)

select * from final
