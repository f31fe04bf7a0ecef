with

lines as (

    select * from {{ ref('stg_exports__lines') }}
    where
        is_order_line
        and deleted_at is null
        and tax_amount is not null

),

-- the tax that is given back on a later day is the payment's; a discount with a rate of its own is
-- below 0, and so is its tax
rates as (

    select
        branch_id,
        order_id,
        tax_rate,
        line_kind = 'return' as is_refund,
        case when line_kind = 'return' then -1 else 1 end * sum(
            charged_amount - case when prices_include_tax then tax_amount else 0 end
        ) as taxable_amount,
        case when line_kind = 'return' then -1 else 1 end * sum(tax_amount) as tax_amount,
        max(load_id) as load_id
    from lines
    group by branch_id, order_id, tax_rate, line_kind = 'return'

),

final as (

    select
        -- keys
        {{ dbt.concat([
            surrogate_key('branch_id', ['order_id', "coalesce("
                ~ dbt.cast('tax_rate', dbt.type_string()) ~ ", 'unknown')"]),
            "case when is_refund then '-refund' else '' end",
        ]) }} as order_tax_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        order_id,

        -- the tax
        cast(tax_rate as numeric(9, 6)) as tax_rate,
        is_refund,
        cast(taxable_amount as {{ exact_type() }}) as taxable_amount,
        cast(tax_amount as {{ exact_type() }}) as tax_amount,

        -- times
        cast(null as timestamp with time zone) as deleted_at,

        -- load
        load_id
    from rates

)

select * from final
