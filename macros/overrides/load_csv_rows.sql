{#- Load a seed by one statement with its values. dbt's own asks two macros for each value how to
    write a placeholder: a twentieth of a build. -#}
{% macro postgres__load_csv_rows(model, agate_table) %}
    {%- set rows = [] %}
    {%- for row in agate_table.rows %}
        {%- set values = [] %}
        {%- for value in row %}
            {%- if value is none %}
                {%- do values.append("null") %}
            {%- elif value is number and value is not boolean %}
                {%- do values.append(value | string) %}
            {%- else %}
                {%- set text = value | string | replace("\\", "\\\\") | replace("'", "''") %}
                {%- do values.append("e'" ~ text ~ "'") %}
            {%- endif %}
        {%- endfor %}
        {%- do rows.append("(" ~ values | join(", ") ~ ")") %}
    {%- endfor %}
    {%- set insert %}
        insert into {{ this }} ({{ get_seed_column_quoted_csv(model, agate_table.column_names) }})
        values {{ rows | join(",\n") }}
    {%- endset %}
    {#- a file may be older than a column that is optional -#}
    {%- set missing = {} %}
    {%- for name, type in model.config.get("column_types", {}).items() %}
        {%- do missing.update({name: type}) if name not in agate_table.column_names %}
    {%- endfor %}
    {%- do adapter.add_query(optional_columns(missing)) if missing %}
    {%- do adapter.add_query(insert, abridge_sql_log=true) if rows %}
    {{ return(insert) }}
{% endmacro %}
