{#- What a till does not keep per order, from the lines of its orders. A line whose quantity is below 0
    gives back. -#}

{#- The amounts of orders, by branch_id and order_id: all that the view of orders needs.

    Args:
        system: the system; its view of order lines knows the tax of each line. -#}
{% macro amounts_of_lines(system) -%}
    (
        select
            branch_id,
            order_id,
            case
                when min(quantity) >= 0 then 'sale'
                when max(quantity) >= 0 then 'exchange'
                else 'return'
            end as order_kind,
            sum(case when quantity >= 0 and line_kind <> 'tip' then gross_amount end) as gross_amount,
            sum(case when quantity >= 0 then discount_amount end) as discount_amount,
            sum(case when quantity >= 0 then tax_amount end) as tax_amount,
            sum(case when quantity < 0 then discount_amount - gross_amount end) as returned_amount,
            -sum(case when quantity < 0 then tax_amount end) as tax_refunded,
            sum(case when line_kind = 'tip' then gross_amount end) as tips_amount
        from {{ ref("stg_" ~ system ~ "__order_lines") }}
        where deleted_at is null
        group by branch_id, order_id
    )
{%- endmacro %}

{#- The taxes of orders by rate and direction: the whole of stg_<system>__order_taxes.

    Args:
        system: the system; its view of order lines knows the tax and its rate of each line.
        includes_tax: whether the lines' amounts include the tax: true, false or SQL; without it, as the
            branch of a line says. -#}
{% macro taxes_of_lines(system, includes_tax="branches.prices_include_tax") -%}
    {%- set direction = "case when is_refund then -1 else 1 end" -%}
    select
        {{ surrogate_key("branch_id", [
            "order_id", "coalesce(" ~ dbt.cast("tax_rate", dbt.type_string()) ~ ", 'unknown')",
            "case when is_refund then 'refund' else 'sale' end"
        ]) }} as order_tax_key,
        order_key,
        branch_id,
        order_id,
        tax_rate,
        is_refund,
        cast(
            {{ direction }} * coalesce(sum(case when deleted_at is null then taxable_amount end), 0)
            as {{ exact_type() }}
        ) as taxable_amount,
        cast(
            {{ direction }} * coalesce(sum(case when deleted_at is null then tax_amount end), 0)
            as {{ exact_type() }}
        ) as tax_amount,
        -- deleted where all of its lines are
        case when count(deleted_at) = count(*) then max(deleted_at) end as deleted_at,
        max(load_id) as load_id
    from (
        select
            lines.*,
            lines.quantity < 0 as is_refund,
            lines.gross_amount - lines.discount_amount
            - case when {{ includes_tax }} then lines.tax_amount else 0 end as taxable_amount
        from {{ ref("stg_" ~ system ~ "__order_lines") }} as lines
        inner join {{ ref("branches") }} as branches on lines.branch_id = branches.branch_id
        where lines.tax_amount is not null
    ) as lines
    group by order_key, branch_id, order_id, tax_rate, is_refund
{%- endmacro %}

{#- The tax in an amount, rounded on the receipt to the minor unit of its currency.

    Args:
        of: the relation's name and a point, where the query has several.
        amount: SQL of the amount with its tax.
        minor_unit: SQL of the places of its currency. -#}
{% macro included_tax(of="", amount=none, minor_unit=none) -%}
    {%- set amount = amount or of ~ "charged_amount" -%}
    {%- set rate = of ~ "tax_rate" -%}
    {{ adapter.dispatch("rounded")(
        amount ~ " * " ~ rate ~ " / (1 + " ~ rate ~ ")", minor_unit or of ~ "minor_unit"
    ) }}
{%- endmacro %}

{#- The condition that an order of fct_orders has lost its lines: it has none, and the till does not say
    that it comes to nothing. Odoo settles debts by orders without lines, whose total is 0. -#}
{% macro has_lost_its_lines() -%}
    (
        line_count = 0 and not is_cancelled
        and (till_total_exact is null or till_total_exact <> 0 or gross_revenue_exact <> 0)
    )
{%- endmacro %}
