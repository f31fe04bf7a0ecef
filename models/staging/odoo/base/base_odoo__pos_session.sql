{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}

select
    till_id,
    id as session_id,
    config_id
from {{ source('odoo', 'pos_session') }}
