with

branches as (select * from {{ ref('branches') }}),

-- whose lines a feed has: those of one branch, or of several
feeds as (

    select distinct
        feed,
        branch_id
    from {{ ref('stg_exports__lines') }}

),

loads as (

    {%- for system in till_systems() if system != 'exports' %}
    select
        branch_id,
        load_id
    from {{ ref('stg_' ~ system ~ '__loads') }}
    where is_complete

    union all

    {%- endfor %}

    select
        feeds.branch_id,
        loads.load_id
    from {{ ref('stg_files__loads') }} as loads
    inner join feeds on loads.feed = feeds.feed
    where loads.is_complete

),

-- load ids are times as text, so the highest is the last
complete as (

    select
        branch_id,
        max(load_id) as complete_load_id
    from loads
    group by branch_id

),

final as (

    select
        branches.branch_id,
        complete.complete_load_id
    from branches
    left join complete on branches.branch_id = complete.branch_id

)

select * from final
