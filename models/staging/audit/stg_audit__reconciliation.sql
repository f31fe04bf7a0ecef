with

source as (

    select * from {{ source('audit', 'reconciliation') }}

),

renamed as (

    select
        -- keys
        source as source_name,
        branch_id,
        business_date,
        figure,
        run_id,

        -- figures
        at_till,
        in_raw,
        difference,

        -- state
        is_healed,
        is_open_day,

        -- times
        reconciled_at
    from source

)

select * from renamed
