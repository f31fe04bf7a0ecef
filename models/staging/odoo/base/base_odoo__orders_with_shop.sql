{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan this view apart from what joins it, and read all for one order. -#}
{%- set types = column_types(source('odoo', 'pos_order')) %}

-- where the order names no shop, its session's is meant; older versions know no other
select
    -- keys, as landed: joins go by their indexes
    source.till_id,
    source.id,
    source.session_id,
    source.partner_id,
    {{ known_column('source', 'table_id', 'bigint', types) }} as table_id,

    -- the shop
    shops.branch_id,
    shops.tip_product_id,
    shops.discount_product_id,
    shops.currency,
    shops.decimal_places,

    -- the order, as landed
    source.pos_reference,
    source.state,
    source.amount_total,
    source.amount_tax,
    source.date_order,
    source._deleted_at,
    source._dlt_load_id
from {{ source('odoo', 'pos_order') }} as source
left join {{ ref('base_odoo__pos_session') }} as sessions
    on source.till_id = sessions.till_id and source.session_id = sessions.session_id
left join {{ ref('base_odoo__pos_config') }} as shops
    on
        source.till_id = shops.till_id
        and coalesce(
            {{ known_column('source', 'config_id', 'bigint', types) }}, sessions.config_id
        ) = shops.config_id
