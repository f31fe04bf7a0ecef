{#- Figures of the tills' own, which no mapping reads: the day totals of an export, and the closings
    of the systems that have them (`has_closings` in vars.systems). -#}
with

totals as (

    select * from {{ ref('stg_audit__reconciliation') }}
    where source_name = 'files' and figure = 'order_total' and not is_open_day

),

branches as (

    select * from {{ ref('branches') }}

),

figures as (

    select
        branch_id,
        business_date,
        cast(null as {{ dbt.type_string() }}) as closing_id,
        'sales of the day' as figure,
        at_till
    from totals
    {%- for system, declared in var('systems').items() if declared.has_closings %}
    {%- for figure in ['paid', 'net', 'tax'] %}

    union all

    select
        closings.branch_id,
        {{ business_date('closings.started_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        closings.closing_id,
        '{{ figure }} of the closing' as figure,
        closings.{{ figure }}_amount as at_till
    from {{ ref('stg_' ~ system ~ '__closings') }} as closings
    inner join branches on closings.branch_id = branches.branch_id
    where closings.{{ figure }}_amount is not null
    {%- endfor %}
    {%- endfor %}

)

select * from figures
