{#- For the events of a web shop: find the visitors whom something new touches, and take their events
    out of the fact. The model then builds all of them again, so that an event that is late finds its
    session, wherever it falls.

    A visitor is touched by an event that the fact lacks, or has from another load, or has and should
    not; by an order that came after its event, or is gone; and by a product likewise.

    Args:
        events: relation of all events. -#}
{% macro take_out_touched_visitors(events) -%}
    {%- if is_incremental() -%}
        {%- set touched_visitors -%}
            select coalesce(events.visitor_key, built.visitor_key) as visitor_key
            from {{ events }} as events
            full join {{ this }} as built
                on events.event_key = built.event_key and events.load_id = built.load_id
            where events.event_key is null or built.event_key is null
            union
            select built.visitor_key
            from {{ this }} as built
            left join ({{ orders_by_own_number(ref("fct_orders")) }}) as orders
                on
                    built.branch_id = orders.branch_id
                    and {{ own_number("built.order_number", "built.branch_id") }}
                    = orders.own_number
            where built.order_number is not null and built.order_key is distinct from orders.order_key
            union
            select built.visitor_key
            from {{ this }} as built
            left join {{ ref("dim_products") }} as items
                on {{ surrogate_key("built.branch_id", "built.product_id") }} = items.product_key
            where
                built.product_id is not null
                and built.product_key is distinct from items.product_key
        {%- endset -%}
        {{ adapter.dispatch("take_out")(touched_visitors, by="visitor_key") }}
    {%- endif -%}
{%- endmacro %}
