{#- The key by which int_export_lines_assigned remembers an order that a line has left. One of the same
    id may be left for another branch, when a feed's branch is corrected: the line goes on under its
    own key. -#}
{% macro key_left_behind() -%}
    case
        when assigned.order_id = lines.order_id
            then {{ dbt.concat(["assigned.line_key", "'@'", "assigned.branch_id"]) }}
        else assigned.line_key
    end
{%- endmacro %}
