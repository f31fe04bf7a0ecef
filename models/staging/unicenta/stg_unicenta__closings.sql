{{ config(enabled='unicenta' in var('systems')) }}

with

closings as (

    select * from {{ ref('base_unicenta__closing_figures') }}
    where deleted_at is null

),

final as (

    select
        -- keys
        branch_id,
        closing_id,

        -- money: a closing without tickets has none
        coalesce(paid_amount, 0) as paid_amount,
        coalesce(net_amount, 0) as net_amount,
        coalesce(tax_amount, 0) as tax_amount,

        -- times
        started_at
    from closings

)

select * from final
