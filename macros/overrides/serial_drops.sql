{#- dbt replaces a relation by making it anew beside the old one, and then drops the old one with
    all that still reads from it. Two threads that drop two views with a common reader can each hold
    what the other one wants: a deadlock. So these drops take turns, by a lock that ends with their
    transaction. -#}
{% macro postgres__drop_relation(relation) -%}
    {%- call statement("drop_relation", auto_begin=false) -%}
        {%- if relation.identifier.endswith("__dbt_backup") %}
        select pg_advisory_xact_lock(hashtext('mypizza drop'));
        {%- endif %}
        {{ get_drop_sql(relation) }}
    {%- endcall -%}
{%- endmacro %}
