{#- Take the touched rows out of the fact, so that the model can build them again.

    Where few rows are touched, these go. Where many are, all go, and with them the indexes: from
    there on it costs less to build the fact from scratch, with indexes at the end, than to find
    its rows one by one. To look one up costs about as much as to compute twenty.

    Args:
        by: the column by which touched rows are known in the fact. -#}
{% macro take_out(by) -%}
    {{ return(adapter.dispatch("take_out")(by)) }}
{%- endmacro %}

{% macro postgres__take_out(by) -%}
    analyze {{ touched("rows") }};

    create temporary table {{ touched("extent") }} on commit drop as
    select exists (
        select 1 from {{ this }} offset (select 20 * count(*) from {{ touched("rows") }})
    ) as are_few;

    create temporary table {{ touched("indexes") }} on commit drop as
    select
        indexes.indexrelid,
        pg_get_indexdef(indexes.indexrelid) as definition
    from pg_index as indexes
    where
        indexes.indrelid = '{{ this }}'::regclass
        and not indexes.indisunique
        and not (select are_few from {{ touched("extent") }});

    do $take_out$
    declare
        index record;
    begin
        if (select are_few from {{ touched("extent") }}) then
            delete from {{ this }} as built
            using {{ touched("rows") }} as touched
            where built.{{ by }} = touched.{{ by }};
        else
            for index in select indexrelid::regclass as name from {{ touched("indexes") }} loop
                execute 'drop index ' || index.name;
            end loop;
            truncate {{ this }};
        end if;
    end
    $take_out$
{%- endmacro %}

{#- After a fact was built: put back the indexes that `take_out` has dropped. -#}
{% macro put_back_indexes() -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("put_back_indexes")()) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__put_back_indexes() -%}
    do $put_back$
    declare
        index record;
    begin
        for index in select definition from {{ touched("indexes") }} loop
            execute index.definition;
        end loop;
    end
    $put_back$
{%- endmacro %}
