{#- The incremental strategy `touched_days`: the newly built rows take the place of everything that
    stands under a touched day, also under a day of which nothing is left.

    Args:
        arg_dict: what dbt's incremental materialization gives to a strategy. -#}
{% macro get_incremental_touched_days_sql(arg_dict) -%}
    {{ return(adapter.dispatch("get_incremental_touched_days_sql")(arg_dict)) }}
{%- endmacro %}

{% macro postgres__get_incremental_touched_days_sql(arg_dict) -%}
    {%- set fact = arg_dict["target_relation"] -%}
    {%- set built = arg_dict["temp_relation"] -%}
    {%- set key = arg_dict["unique_key"] -%}

    delete from {{ fact }} as fact
    using (select distinct branch_id, business_date from {{ touched("days") }}) as days
    where fact.branch_id = days.branch_id and fact.business_date = days.business_date;

    -- a row that went over from an order of another day
    delete from {{ fact }} as fact
    using {{ built }} as built
    where fact.{{ key }} = built.{{ key }};

    {{ get_insert_into_sql(fact, built, arg_dict["dest_columns"]) }}
{%- endmacro %}
