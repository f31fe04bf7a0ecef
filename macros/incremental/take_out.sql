{#- Take the touched rows out of the fact, so that the model can build them again.

    Where few rows are touched, these go. Where many are, all go, and with them the indexes: from
    there on it costs less to build the fact from scratch, with indexes at the end, than to find
    its rows one by one. To look one up costs about as much as to compute twenty.

    Args:
        touched_rows: a query for the touched rows.
        by: the column by which they are known in the fact. -#}
{% macro postgres__take_out(touched_rows, by) -%}
    create temporary table {{ touched("rows") }} on commit drop as
    {{ touched_rows }};
    analyze {{ touched("rows") }};

    create temporary table {{ touched("extent") }} on commit drop as
    select exists (
        select 1 from {{ this }} offset (select 20 * count(*) from {{ touched("rows") }})
    ) as are_few;

    do $take_out$
    declare
        index regclass;
    begin
        if (select are_few from {{ touched("extent") }}) then
            delete from {{ this }} as built
            using {{ touched("rows") }} as touched
            where built.{{ by }} = touched.{{ by }};
        else
            for index in
                select indexrelid from pg_index
                where indrelid = '{{ this }}'::regclass and not indisunique
            loop
                execute 'drop index ' || index;
            end loop;
            truncate {{ this }};
        end if;
    end
    $take_out$
{%- endmacro %}

{#- After a fact was built: make the indexes again that `take_out` has dropped. -#}
{% macro put_back_indexes() -%}
    {%- if is_incremental() and not run_query("select are_few from " ~ touched("extent"))[0][0] -%}
        {%- do create_indexes(this) -%}
    {%- endif -%}
{%- endmacro %}
