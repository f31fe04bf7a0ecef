with

targets as (select * from {{ ref('targets') }}),

branches as (select * from {{ ref('dim_branches') }}),

final as (

    select
        -- key
        targets.branch_id,
        targets.month_start,
        targets.figure,

        -- what is wanted
        branches.currency,
        cast(targets.target as {{ exact_type() }}) as target_value
    from targets
    inner join branches on targets.branch_id = branches.branch_id

)

select * from final
