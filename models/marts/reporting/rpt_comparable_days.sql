{%- set sides = [('', 'days'), ('_year_before', 'before')] -%}

with

branch_days as (

    select
        *,
        -- what the branch has data of begins with a sale
        min(case when gross_revenue_exact <> 0 then business_date end)
            over (partition by branch_id) as first_sale_date
    from {{ ref('rpt_branch_days') }}
    where is_complete

),

-- both ways: 29 February has no such day
final as (

    select
        -- key
        days.branch_id,
        days.business_date,
        before.business_date as year_before_date,

        -- volume, where it is known of both
        {%- for name, side in sides %}
        case
            when days.orders is not null and before.orders is not null then {{ side }}.orders
        end as orders{{ name }},
        {%- endfor %}

        -- money
        days.currency,
        {%- for name, side in sides %}
        {{ side }}.net_revenue as net_revenue{{ name }},
        {{ side }}.net_revenue_exact as net_revenue{{ name }}_exact
        {{- ',' if not loop.last }}
        {%- endfor %}
    from branch_days as days
    inner join branch_days as before
        on
            days.branch_id = before.branch_id
            and before.business_date = {{ dbt.dateadd('year', -1, 'days.business_date') }}
            and days.business_date = {{ dbt.dateadd('year', 1, 'before.business_date') }}
    where before.business_date >= before.first_sale_date

)

select * from final
