with

source as (

    select * from {{ source('audit', 'loads') }}

),

renamed as (

    select
        -- keys
        run_id,
        source as source_name,
        branch_id,
        load_id,

        -- what ran
        kind,
        outcome,
        error,
        row_count,
        tables,

        -- times
        started_at,
        finished_at,
        seconds
    from source

)

select * from renamed
