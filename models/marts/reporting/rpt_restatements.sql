{#- What was published before is not a dependency: it is the version that this build replaces. -#}
{%- set published = published_relation('rpt_branch_days') -%}
{%- set history = published_relation('rpt_restatements') -%}
{%- set known = column_types(published) if published else {} -%}
{%- set all = [
    'orders', 'gross_revenue', 'discount_amount', 'tax_amount', 'tax_refunded', 'refund_amount',
    'net_revenue', 'tips_amount', 'taken_amount', 'paid_back_amount',
] -%}
{%- set figures = (all | select('in', known) | list) if published else all -%}

with

days as (select * from {{ ref('rpt_branch_days') }}),

judged as (select * from {{ ref('int_days_judged') }}),

before as (

    select * from {{ published or ref('rpt_branch_days') }}
    {%- if 'is_complete' in known %}
    where is_complete
    {%- endif %}

),

differences as (

    {%- for figure in figures %}
    select
        before.branch_id,
        before.business_date,
        before.currency,
        '{{ figure }}' as figure,
        cast(before.{{ figure }} as numeric(20, 4)) as value_before,
        cast(coalesce(days.{{ figure }}, 0) as numeric(20, 4)) as value_after
    from before
    left join days
        on before.branch_id = days.branch_id and before.business_date = days.business_date
    where before.{{ figure }} <> coalesce(days.{{ figure }}, 0)
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

restated as (

    select
        {{ dbt.concat([
            "'" ~ this_publication() ~ "-'", "differences.branch_id", "'-'",
            dbt.cast("differences.business_date", dbt.type_string()), "'-'", "differences.figure"
        ]) }} as restatement_key,
        '{{ this_publication() }}' as publication_id,
        cast({{ dbt.current_timestamp() }} as timestamp with time zone) as restated_at,
        differences.branch_id,
        differences.business_date,
        differences.figure,
        case when differences.figure <> 'orders' then differences.currency end as currency,
        differences.value_before,
        differences.value_after,
        differences.value_after - differences.value_before as difference,
        case
            when judged.records_in_quarantine > 0 then 'records are in quarantine'
            when judged.records_released > 0 then 'records came out of quarantine'
            when judged.is_healed then 'the day was read again after its comparison'
            when differences.figure in ('refund_amount', 'tax_refunded', 'paid_back_amount')
                then 'a refund came late, or was changed at the till'
            else 'sales came late, or were changed at the till'
        end as reason
    from differences
    left join judged
        on
            differences.branch_id = judged.branch_id
            and differences.business_date = judged.business_date

),

final as (

    select * from restated
    {%- if history %}

    union all

    select
        restatement_key,
        publication_id,
        restated_at,
        branch_id,
        business_date,
        figure,
        currency,
        value_before,
        value_after,
        difference,
        reason
    from {{ history }}
    {%- endif %}

)

select * from final
