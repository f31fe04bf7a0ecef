{%- set quantity = 'numeric(9, 3)' -%}
{%- set price = 'numeric(10, 4)' -%}

with

-- files that have our columns already
source as (

    select
        *,
        {{ raw_record('landed', [
            'branch_id', '_file_name', '_line_number', '_reject', 'delivery_id', 'ingredient',
            'quantity', 'unit', 'unit_price', 'currency', 'best_before'
        ]) }} as raw_record
    from {{ source('files', 'stock_deliveries') }} as landed

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
        feeds_of('stock_deliveries', own='source'),
        required=['delivery_id', 'ingredient', 'quantity', 'unit', 'unit_price', 'currency'],
        optional={'delivered_on': none, 'best_before': none}
    ) }}

),

-- numbers and days as SQL can read them, converted from the feed's dialect
lines as (

    select
        mapped.*,
        {{ quantity_in_dialect(filled('mapped.quantity'), 'dialect.quantity_pattern') }}
            as quantity_text,
        {{ number_in_dialect(filled('mapped.unit_price'), pattern='dialect.number_pattern') }}
            as unit_price_text,
        {{ date_in_dialect(filled('mapped.best_before'), 'dialect.date_pattern') }}
            as best_before_text,
        {{ line_date('delivered_on') }} as business_date
    from mapped
    left join feeds as dialect on mapped.feed = dialect.feed

),

-- what the seeds know of the line
known as (

    select
        lines.*,
        {{ file_number('lines.feed, lines.branch_id, lines.delivery_id') }} as file_number,
        branches.currency as branch_currency,
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
        {{ line_key_of_feed('stock_deliveries') }} as delivery_line_key,
        feed,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        _file_name,
        _line_number,
        cast(delivery_id as {{ dbt.type_string() }}) as delivery_id,
        cast(ingredient as {{ dbt.type_string() }}) as ingredient_id,

        -- what was delivered
        {{ safe_cast('quantity_text', quantity) }} as quantity,
        cast(unit as {{ dbt.type_string() }}) as unit,
        {{ safe_cast('best_before_text', 'date') }} as best_before_date,

        -- money
        {{ safe_cast('unit_price_text', price) }} as unit_price,
        cast(currency as {{ dbt.type_string() }}) as currency,

        -- times
        business_date,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ line_errors([
            broken('branch_id', 'not is_known_branch', 'is no branch of seeds/branches.csv'),
            line_without_a_day('delivered_on', 'business_date'),
            broken('delivery_id', 'file_number > 1', 'has come with another file before'),
            missing('delivery_id'),
            broken('ingredient', 'not is_known_ingredient', 'is not in seeds/ingredients.csv'),
            unreadable('quantity', quantity, text='quantity_text'),
            broken('quantity', safe_cast('quantity_text', quantity) ~ ' <= 0', 'is not above 0'),
            missing('unit'),
            broken('unit', 'is_known_ingredient and not is_known_unit',
                'has no conversion for this ingredient in seeds/unit_conversions.csv'),
            unreadable('unit_price', price, text='unit_price_text'),
            broken('unit_price', safe_cast('unit_price_text', price) ~ ' < 0', 'is below 0'),
            missing('currency'),
            broken('currency', 'currency <> branch_currency', 'is not the currency of the branch'),
            unreadable('best_before', 'date', optional=true, text='best_before_text'),
        ]) }} as _errors,
        raw_record
    from known

)

select * from judged
