{#- Publish again what was published before, at once: the two schemas change back their names.
    Lasts until the next build begins, because that build works in the old version. -#}
{% macro rollback() -%}
    {%- if target.name == "live" -%}
        {{ exceptions.raise_compiler_error("rollback runs on the target that builds, not on live") }}
    {%- endif -%}
    {%- set before = run_query("select " ~ version_of("marts_next"))[0][0] or "" -%}
    {%- if not before.startswith("publication ") -%}
        {{ exceptions.raise_compiler_error(
            "There is no version to roll back to: nothing was published before, or a build has "
            "begun since and works in the old version."
        ) }}
    {%- endif -%}
    {%- do run_query(adapter.dispatch("swap_sql")()
        ~ record_publication_sql("rolled back", "back to " ~ before) ~ "; commit") -%}
    {{ log("Rolled back: marts is the previous version.", info=true) }}
{%- endmacro %}
