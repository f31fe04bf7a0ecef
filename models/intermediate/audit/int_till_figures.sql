{#- Figures of the tills' own, which no mapping reads: the day totals of an export, the totals of
    its files, and the closings of the systems that have them (`has_closings` in vars.systems). -#}
with

totals as (

    select * from {{ ref('stg_audit__reconciliation') }}
    where source_name = 'files' and figure = 'order_total' and not is_open_day

),

files as (select * from {{ ref('stg_exports__closings') }}),

branches as (select * from {{ ref('branches') }}),

figures as (

    select
        branch_id,
        business_date,
        cast(null as {{ dbt.type_string() }}) as closing_id,
        'sales of the day' as figure,
        cast(at_till as {{ exact_type() }}) as at_till,
        cast(null as {{ exact_type() }}) as in_lines
    from totals
    {%- for figure, column in {'paid': 'paid_amount', 'units': 'units'}.items() %}

    union all

    select
        files.branch_id,
        -- a file that has lost all of its lines is of the day on which it came in
        coalesce(
            {{ business_date('files.started_at', 'branches.time_zone', 'branches.cutover_hour') }},
            {{ load_date('files.load_id') }}
        ) as business_date,
        files.closing_id,
        '{{ figure }} of the closing' as figure,
        cast(files.{{ column }} as {{ exact_type() }}) as at_till,
        cast(files.{{ figure }}_in_lines as {{ exact_type() }}) as in_lines
    from files
    inner join branches on files.branch_id = branches.branch_id
    where files.{{ column }} is not null
    {%- endfor %}
    {%- for system, declared in var('systems').items() if declared.has_closings %}
    {%- for figure in ['paid', 'net', 'tax'] %}

    union all

    select
        closings.branch_id,
        {{ business_date('closings.started_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        closings.closing_id,
        '{{ figure }} of the closing' as figure,
        cast(closings.{{ figure }}_amount as {{ exact_type() }}) as at_till,
        cast(null as {{ exact_type() }}) as in_lines
    from {{ ref('stg_' ~ system ~ '__closings') }} as closings
    inner join branches on closings.branch_id = branches.branch_id
    where closings.{{ figure }}_amount is not null
    {%- endfor %}
    {%- endfor %}

)

select * from figures
