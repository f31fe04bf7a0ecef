{#- The till systems in use, by name: of `vars.systems` those whose loads go by branch, and the
    exports. Each has one view per entity of the canonical model, stg_<system>__<entity>, and all
    views of an entity have the same columns; docs/dbt/conventions.md lists them.

    Args:
        entity: only the systems that have it; a system names what it does not have in `lacks`. -#}
{% macro till_systems(entity=none) -%}
    {%- set names = [] -%}
    {%- for system, declared in var("systems").items()
        if (declared.loads_go_by == "branch_id" or declared.feeds is defined)
        and entity not in declared.get("lacks", []) -%}
        {%- do names.append(system) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#- The tables of till systems whose records make an order: a load that brings one touches its order.

    Returns:
        A list of dictionaries. `base` has `branch_id`, `order_id` and `load_id`, `key` is the SQL of a
        record's key, and `record_type` is the table's name: records of the types `order_lines` and
        `payments` matter only to the facts that are made from them. -#}
{% macro records_of_orders() -%}
    {%- set tables = [] -%}
    {%- for system in till_systems() -%}
        {%- set declared = var("systems")[system] -%}
        {%- for name, table in declared.tables.items() if table.part_of_order -%}
            {%- do tables.append({
                "record_type": table.get("record_type", name),
                "key": table.key,
                "base": ref(declared.get("records_of_orders", "base_" ~ system ~ "__" ~ name)),
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}
