{#- Replace a view in its place: what reads from it stays, and so does the published schema live, which
    reads views of staging. dbt makes the new one beside the old, and drops the old one with all that
    reads from it; that is done here only where the columns have changed. -#}
{% materialization view, adapter="postgres" -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type="view") -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none and not existing.is_view -%}
        {{ adapter.drop_relation(existing) }}
    {%- endif -%}
    {%- call statement("main") %}
        do $replace_view$
        begin
            create or replace view {{ target_relation }} as (
                {{ sql }}
            );
        exception when invalid_table_definition then
            perform pg_advisory_xact_lock(hashtext('mypizza drop'));
            drop view {{ target_relation }} cascade;
            create view {{ target_relation }} as (
                {{ sql }}
            );
        end
        $replace_view$
    {%- endcall -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [target_relation]}) }}
{%- endmaterialization %}
