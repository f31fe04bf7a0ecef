{%- set quantity = 'numeric(9, 3)' -%}

with

source as (

    select * from {{ source('files', 'stock_counts') }}

),

files as (

    select * from {{ ref('stg_files__files') }}
    where feed = 'stock_counts'

),

dialect as (

    select * from {{ ref('stg_exports__feeds') }}
    where feed = 'stock_counts'

),

branches as (

    select * from {{ ref('branches') }}

),

ingredients as (

    select * from {{ ref('ingredients') }}

),

conversions as (

    select * from {{ ref('unit_conversions') }}

),

-- what the seeds know of the line; who counted, and what they noted, stays in raw
known as (

    select
        source.*,
        {{ first_file('source.branch_id, ' ~ file_date()) }} as first_file,
        branches.branch_id is not null as is_known_branch,
        ingredients.ingredient_id is not null as is_known_ingredient,
        conversions.factor is not null as is_known_unit
    from source
    left join files on source._file_name = files.file_name
    left join branches on source.branch_id = branches.branch_id
    left join ingredients on source.ingredient = ingredients.ingredient_id
    left join conversions
        on source.unit = conversions.from_unit and ingredients.unit = conversions.to_unit

),

-- numbers and dates as text that SQL can read, converted from the feed's dialect
written as (

    select
        known.*,
        {{ number_in_dialect('known.counted_quantity') }} as counted_quantity_text
    from known
    cross join dialect

),

judged as (

    select
        -- keys
        {{ line_key() }} as stock_count_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        _file_name,
        _line_number,
        cast(ingredient as {{ dbt.type_string() }}) as ingredient_id,

        -- what was counted
        {{ safe_cast('counted_quantity_text', quantity) }} as counted_quantity,
        cast(unit as {{ dbt.type_string() }}) as unit,

        -- times
        {{ file_date() }} as business_date,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ line_errors([
            broken('branch_id', 'not is_known_branch', 'is no branch of seeds/branches.csv'),
            file_without_a_day(),
            broken('_file_name', 'first_file <> _file_name', 'is not the first file of its night'),
            broken('ingredient', 'not is_known_ingredient', 'is not in seeds/ingredients.csv'),
            unreadable('counted_quantity', quantity, text='counted_quantity_text'),
            broken('counted_quantity', safe_cast('counted_quantity_text', quantity) ~ ' < 0',
                'is below 0'),
            missing('unit'),
            broken('unit', 'is_known_ingredient and not is_known_unit',
                'has no conversion for this ingredient in seeds/unit_conversions.csv'),
        ]) }} as _errors,
        {{ raw_record('written', [
            'branch_id', '_file_name', '_line_number', 'ingredient', 'counted_quantity', 'unit'
        ]) }} as raw_record
    from written

)

select * from judged
