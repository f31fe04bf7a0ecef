{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}
{%- set types = column_types(source('odoo', 'account_tax')) %}

select
    till_id,
    id as tax_id,
    -- as a share of the price without it; what is no percentage has none
    cast(
        case
            when amount_type = 'percent'
                then {{ safe_cast('amount', 'numeric(9, 4)', types) }} / 100
        end as numeric(9, 6)
    ) as tax_rate,
    price_include as is_in_price
from {{ source('odoo', 'account_tax') }}
