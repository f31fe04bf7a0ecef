-- Raw = staging, per branch, load and table: staging drops no row and rounds no money.
with raw_rows as (
    select
        'orders' as table_name,
        branch_id,
        _dlt_load_id as load_id,
        gross_amount - discount_amount + tax_amount + total_amount as amount
    from {{ source('pos', 'orders') }}
    where {{ new_rows('_dlt_load_id') }}
    union all
    select
        'order_lines' as table_name,
        branch_id,
        _dlt_load_id as load_id,
        quantity * unit_price - discount_amount as amount
    from {{ source('pos', 'order_lines') }}
    where {{ new_rows('_dlt_load_id') }}
    union all
    select
        'payments' as table_name,
        branch_id,
        _dlt_load_id as load_id,
        amount + tax_amount + tip_amount as amount
    from {{ source('pos', 'payments') }}
    where {{ new_rows('_dlt_load_id') }}
),

staged_rows as (
    select
        'orders' as table_name,
        branch_id,
        load_id,
        gross_amount - discount_amount + tax_amount + total_amount as amount
    from {{ ref('stg_pos__orders') }}
    where {{ new_rows() }}
    union all
    select
        'order_lines' as table_name,
        branch_id,
        load_id,
        quantity * unit_price - discount_amount as amount
    from {{ ref('stg_pos__order_lines') }}
    where {{ new_rows() }}
    union all
    select
        'payments' as table_name,
        branch_id,
        load_id,
        amount + tax_amount + tip_amount as amount
    from {{ ref('stg_pos__payments') }}
    where {{ new_rows() }}
),

both_layers as (
    select
        table_name,
        branch_id,
        load_id,
        1 as in_raw,
        0 as in_staging,
        amount as amount_in_raw,
        0 as amount_in_staging
    from raw_rows
    union all
    select
        table_name,
        branch_id,
        load_id,
        0 as in_raw,
        1 as in_staging,
        0 as amount_in_raw,
        amount as amount_in_staging
    from staged_rows
),

compared as (
    select
        table_name,
        branch_id,
        load_id,
        sum(in_raw) as rows_in_raw,
        sum(in_staging) as rows_in_staging,
        sum(amount_in_raw) as amount_in_raw,
        sum(amount_in_staging) as amount_in_staging
    from both_layers
    group by table_name, branch_id, load_id
),

failures as (
    select * from compared
    where rows_in_raw <> rows_in_staging or amount_in_raw <> amount_in_staging
)

select * from failures
