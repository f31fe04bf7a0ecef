{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}

select
    till_id,
    id as payment_method_id,
    lower(trim({{ name_in_english('name') }})) as method
from {{ source('odoo', 'pos_payment_method') }}
