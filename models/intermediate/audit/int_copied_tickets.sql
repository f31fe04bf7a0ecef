{#- Tickets that two files of a feed hold with the same lines, and that count twice: a browser's
    copy, exports that overlap. -#}
{{ config(materialized='table') }}

with

lines as (

    select * from {{ ref('stg_exports__lines') }}
    where deleted_at is null

),

branches as (select * from {{ ref('branches') }}),

dated as (

    select
        lines.*,
        {{ business_date('lines.sold_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date
    from lines
    inner join branches on lines.branch_id = branches.branch_id

),

-- where each line is an order, all lines of the day
tickets as (

    select
        feed,
        branch_id,
        business_date,
        file_name,
        case when order_grain = 'line' then 'all' else order_id end as ticket,
        count(*) over (partition by feed, branch_id, business_date, file_name) as tickets_of_day,
        count(*) as line_count,
        sum(charged_amount) as amount,
        -- not compared: it is rounded per ticket, whose lines both files have
        sum(case when prices_include_tax then 0 else coalesce(tax_amount, 0) end) as tax_on_top,
        sum(quantity) as quantity,
        min(sold_at) as started_at,
        max(sold_at) as ended_at,
        min(product_id) as first_product,
        max(product_id) as last_product
    from dated
    group by
        feed, branch_id, business_date, file_name,
        case when order_grain = 'line' then 'all' else order_id end

),

compared as (

    select
        *,
        min(file_name) over copies as first_file,
        min(tickets_of_day) over copies as fewest_tickets_of_day
    from tickets
    window
        copies as (
            partition by
                feed, branch_id, business_date, ticket, line_count, amount, quantity,
                started_at, ended_at, first_product, last_product
        )

),

-- two tills may write the same number, minute and article by chance: a few of a day
final as (

    select
        -- key
        branch_id,
        business_date,
        feed,
        first_file,
        file_name,

        -- how much it concerns
        count(*) as tickets,
        sum(amount + tax_on_top) as amount
    from compared
    where file_name <> first_file
    group by branch_id, business_date, feed, first_file, file_name
    having 2 * count(*) >= min(fewest_tickets_of_day) or count(*) >= 10

)

select * from final
