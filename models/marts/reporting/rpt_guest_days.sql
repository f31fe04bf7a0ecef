with

visits as (

    select
        customer_key,
        business_date
    from {{ ref('fct_orders') }}
    where is_sale and customer_key is not null
    group by customer_key, business_date

),

guests as (select * from {{ ref('dim_customers') }}),

final as (

    select
        -- key
        guests.branch_id,
        visits.business_date,

        -- guests
        cast(
            count(case when visits.business_date = guests.first_business_date then 1 end)
            as integer
        ) as new_guests,
        cast(
            count(case when visits.business_date > guests.first_business_date then 1 end)
            as integer
        ) as returning_guests
    from visits
    inner join guests on visits.customer_key = guests.customer_key
    group by guests.branch_id, visits.business_date

)

select * from final
