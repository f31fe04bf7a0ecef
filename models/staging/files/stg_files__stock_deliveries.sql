with

deliveries as (

    select * from {{ ref('base_files__stock_deliveries') }}

),

good as (

    select
        -- keys
        delivery_line_key,
        feed,
        branch_id,
        _file_name,
        _line_number,
        delivery_id,
        ingredient_id,

        -- what was delivered
        quantity,
        unit,
        best_before_date,

        -- money
        unit_price,
        currency,

        -- times
        business_date,
        deleted_at,

        -- load
        load_id
    from deliveries
    where {{ not_in_quarantine('files', feed_names('stock_deliveries'), 'delivery_line_key') }}

)

select * from good
