{#- Whether a model is to be added to, and not built at once.

    The target `live` builds nothing: it documents, and there the SQL is shown, and its columns are
    followed, as it is where a model is built at once from all that it reads. -#}
{% macro is_incremental() -%}
    {{ return(target.name != "live" and dbt.is_incremental()) }}
{%- endmacro %}
