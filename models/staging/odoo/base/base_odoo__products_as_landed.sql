{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}

select
    till_id,
    id,
    product_tmpl_id,
    default_code,
    active,
    create_date,
    write_date,
    _deleted_at,
    _dlt_load_id
from {{ source('odoo', 'product_product') }}
