{%- set sides = [('', 'later'), ('_year_before', 'earlier')] -%}

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
        later.branch_id,
        later.business_date,
        earlier.business_date as year_before_date,

        -- volume, where it is known of both
        {%- for name, side in sides %}
        case
            when later.orders is not null and earlier.orders is not null then {{ side }}.orders
        end as orders{{ name }},
        {%- endfor %}

        -- money
        {%- for name, side in sides %}
        {{ side }}.net_revenue as net_revenue{{ name }},
        {{ side }}.net_revenue_exact as net_revenue{{ name }}_exact,
        {%- endfor %}
        later.currency
    from branch_days as later
    inner join branch_days as earlier
        on
            later.branch_id = earlier.branch_id
            and earlier.business_date = {{ dbt.dateadd('year', -1, 'later.business_date') }}
            and later.business_date = {{ dbt.dateadd('year', 1, 'earlier.business_date') }}
    where earlier.business_date >= earlier.first_sale_date

)

select * from final
