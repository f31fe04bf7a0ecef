with

counts as (

    select * from {{ ref('base_files__stock_counts') }}

),

good as (

    select
        -- keys
        stock_count_key,
        feed,
        branch_id,
        _file_name,
        _line_number,
        ingredient_id,

        -- what was counted
        counted_quantity,
        unit,

        -- times
        business_date,
        deleted_at,

        -- load
        load_id
    from counts
    where {{ not_in_quarantine('files', feed_names('stock_counts'), 'stock_count_key') }}

)

select * from good
