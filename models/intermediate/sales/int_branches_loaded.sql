with

branches as (

    select * from {{ ref('branches') }}

),

loads as (

    select * from {{ ref('stg_pos__loads') }}

),

-- load ids are times as text, so the highest is the last
final as (

    select
        branches.branch_id,
        max(loads.load_id) as complete_load_id
    from branches
    left join loads on branches.branch_id = loads.branch_id and loads.is_complete
    group by branches.branch_id

)

select * from final
