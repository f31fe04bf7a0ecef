{%- set quantity = 'numeric(9, 3)' -%}

with

-- files that have our columns already
source as (

    select
        *,
        {{ raw_record('landed', [
            'branch_id', '_file_name', '_line_number', 'ingredient', 'counted_quantity', 'unit'
        ]) }} as raw_record
    from {{ source('files', 'stock_counts') }} as landed

),

files as (

    select * from {{ ref('stg_files__files') }}

),

-- how each feed writes its numbers, days and times
feeds as {{ computed_once() }} (

    {{ dialects() }}

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

mapped as (

    {{ mapped_lines(
        feeds_of('stock_counts', own='source'),
        required=['ingredient', 'counted_quantity', 'unit'],
        optional={'counted_on': none}
    ) }}

),

-- numbers and days as SQL can read them, converted from the feed's dialect
lines as (

    select
        mapped.*,
        {{ quantity_in_dialect(filled('mapped.counted_quantity'), 'dialect.quantity_pattern') }}
            as counted_quantity_text,
        {{ line_date('counted_on') }} as business_date
    from mapped
    left join feeds as dialect on mapped.feed = dialect.feed

),

-- what the seeds know of the line; who counted, and what they noted, stays in raw
known as (

    select
        lines.*,
        {{ file_number('lines.branch_id, lines.business_date') }} as file_number,
        branches.branch_id is not null as is_known_branch,
        ingredients.ingredient_id is not null as is_known_ingredient,
        conversions.factor is not null as is_known_unit
    from lines
    left join files on lines.feed = files.feed and lines._file_name = files.file_name
    left join branches on lines.branch_id = branches.branch_id
    left join ingredients on lines.ingredient = ingredients.ingredient_id
    left join conversions
        on lines.unit = conversions.from_unit and ingredients.unit = conversions.to_unit

),

judged as (

    select
        -- keys
        {{ line_key_of_feed('stock_counts') }} as stock_count_key,
        feed,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        _file_name,
        _line_number,
        cast(ingredient as {{ dbt.type_string() }}) as ingredient_id,

        -- what was counted
        {{ safe_cast('counted_quantity_text', quantity) }} as counted_quantity,
        cast(unit as {{ dbt.type_string() }}) as unit,

        -- times
        business_date,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ line_errors([
            broken('branch_id', 'not is_known_branch', 'is no branch of seeds/branches.csv'),
            line_without_a_day('counted_on', 'business_date'),
            broken('_file_name', 'file_number > 1', 'is not the first file of its night'),
            broken('ingredient', 'not is_known_ingredient', 'is not in seeds/ingredients.csv'),
            unreadable('counted_quantity', quantity, text='counted_quantity_text'),
            broken('counted_quantity', safe_cast('counted_quantity_text', quantity) ~ ' < 0',
                'is below 0'),
            missing('unit'),
            broken('unit', 'is_known_ingredient and not is_known_unit',
                'has no conversion for this ingredient in seeds/unit_conversions.csv'),
        ]) }} as _errors,
        raw_record
    from known

)

select * from judged
