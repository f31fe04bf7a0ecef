{{ config(enabled='odoo' in var('systems')) }}
{%- set money = 'numeric(20, 8)' -%}

with

lines as (

    select * from {{ ref('base_odoo__line_amounts') }}
    where
        {{ not_in_quarantine('odoo', 'pos_order_line', 'order_line_key') }}
        and deleted_at is null
        and line_kind <> 'tip'

),

taxes as (

    select * from {{ ref('base_odoo__account_tax_pos_order_line_rel') }}

),

-- a line has a row for each of its taxes; the till rounds each by itself
split as (

    select
        lines.*,
        coalesce(taxes.tax_rate, lines.tax_rate) as one_rate,
        round(
            lines.net_amount * coalesce(taxes.tax_rate, lines.tax_rate), lines.decimal_places
        ) as rounded_tax,
        row_number() over (
            partition by lines.branch_id, lines.order_id, lines.order_line_id
            order by taxes.tax_id desc
        ) as tax_rank
    from lines
    left join taxes
        on
            lines.till_id = taxes.till_id
            and lines.id = taxes.pos_order_line_id
            and lines.is_tax_of_its_taxes

),

-- the last one has what is left of the line's tax, so that nothing is lost
exact as (

    select
        *,
        case
            when tax_rank > 1 then rounded_tax
            else tax_amount - (
                sum(case when tax_rank > 1 then rounded_tax else 0 end) over (
                    partition by branch_id, order_id, order_line_id
                )
            )
        end as one_tax
    from split

),

summed as (

    select
        branch_id,
        order_id,
        order_key,
        one_rate,
        line_kind = 'return' as is_refund,
        sum(case when line_kind = 'return' then -net_amount else net_amount end) as taxable_amount,
        sum(case when line_kind = 'return' then -one_tax else one_tax end) as tax_amount,
        max(load_id) as load_id
    from exact
    group by branch_id, order_id, order_key, one_rate, line_kind = 'return'

),

final as (

    select
        -- keys
        {{ surrogate_key('branch_id', [
            'order_id', "coalesce(cast(one_rate as " ~ dbt.type_string() ~ "), 'unknown')",
            "case when is_refund then 'refund' else 'sale' end"
        ]) }} as order_tax_key,
        order_key,
        branch_id,
        order_id,

        -- the tax
        one_rate as tax_rate,
        is_refund,
        cast(taxable_amount as {{ money }}) as taxable_amount,
        cast(tax_amount as {{ money }}) as tax_amount,

        -- times: a line goes with its order
        cast(null as timestamp with time zone) as deleted_at,

        -- load
        load_id
    from summed

)

select * from final
