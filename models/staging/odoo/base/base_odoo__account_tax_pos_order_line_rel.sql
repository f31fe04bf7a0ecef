{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan this view apart from what joins it, and read all for one order. -#}

select
    source.till_id,
    source.pos_order_line_id,
    source.account_tax_id as tax_id,
    taxes.tax_rate,
    taxes.is_in_price
from {{ source('odoo', 'account_tax_pos_order_line_rel') }} as source
left join {{ ref('base_odoo__account_tax') }} as taxes
    on source.till_id = taxes.till_id and source.account_tax_id = taxes.tax_id
where source._deleted_at is null
