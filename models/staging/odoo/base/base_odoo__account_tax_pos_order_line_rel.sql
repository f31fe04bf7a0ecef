{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}

select
    landed.till_id,
    landed.pos_order_line_id,
    landed.account_tax_id as tax_id,
    taxes.tax_rate,
    taxes.is_in_price
from {{ source('odoo', 'account_tax_pos_order_line_rel') }} as landed
left join {{ ref('base_odoo__account_tax') }} as taxes
    on landed.till_id = taxes.till_id and landed.account_tax_id = taxes.tax_id
where landed._deleted_at is null
