{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}
{%- set types = column_types(source('odoo', 'pos_order')) %}

-- where the order names no shop, its session's is meant; older versions know no other
select
    -- keys, as landed: joins go by their indexes
    landed.till_id,
    landed.id,
    landed.session_id,
    landed.partner_id,
    {{ known_column('landed', 'table_id', 'bigint', types) }} as table_id,

    -- the shop
    shops.branch_id,
    shops.tip_product_id,
    shops.discount_product_id,
    shops.currency,
    shops.decimal_places,

    -- the order, as landed
    landed.pos_reference,
    landed.state,
    landed.amount_total,
    landed.amount_tax,
    landed.date_order,
    landed._deleted_at,
    landed._dlt_load_id
from {{ source('odoo', 'pos_order') }} as landed
left join {{ ref('base_odoo__pos_session') }} as sessions
    on landed.till_id = sessions.till_id and landed.session_id = sessions.session_id
left join {{ ref('base_odoo__pos_config') }} as shops
    on
        landed.till_id = shops.till_id
        and coalesce(
            {{ known_column('landed', 'config_id', 'bigint', types) }}, sessions.config_id
        ) = shops.config_id
