{#- What a document of a document store holds, as canonical Extended JSON: each value names its type.
    The query has the document as `body`. -#}

{#- A document as JSON that can be looked into; null where it has what JSON cannot hold, as \u0000.

    Args:
        document: SQL of the document as it landed. -#}
{% macro document_body(document) -%}
    {{ return(adapter.dispatch("document_body")(document)) }}
{%- endmacro %}

{% macro default__document_body(document) -%} {{ document }} {%- endmacro %}

{% macro postgres__document_body(document) -%}
    case when pg_input_is_valid({{ document }}, 'jsonb') then cast({{ document }} as jsonb) end
{%- endmacro %}

{#- A document among those of all collections: an object id as its digits, any other as it landed, so
    that 7 and "7" are two. One that no index could hold is its hash. -#}
{% macro document_key() -%}
    {%- set digits = "regexp_substr(documents.document_id, '(?<=oid\": \")[0-9a-f]{24}(?=\"}$)')" -%}
    {{ dbt.concat([
        "documents.collection", "':'",
        "case when length(documents.document_id) > 200 then md5(documents.document_id)"
        ~ " else coalesce(" ~ digits ~ ", documents.document_id) end"
    ]) }}
{%- endmacro %}

{#- A part of a document as text: of a number its digits, of a time what ISO 8601 makes of it, of a list
    or an object its JSON. Null where it is not there, or empty.

    Args:
        path: SQL of the dotted path, or the path itself within quotes. -#}
{% macro document_text(path) -%}
    {{ return(adapter.dispatch("document_text")(path)) }}
{%- endmacro %}

{% macro default__document_text(path) -%}
    {{ filled("get_json_object(body, concat('$.', " ~ path ~ "))") }}
{%- endmacro %}

{% macro postgres__document_text(path) -%}
    (
        select
            nullif(trim(case
                when jsonb_typeof(part.value) <> 'object' then part.value #>> '{}'
                when part.value #>> '{$date,$numberLong}' ~ '^(-[0-9]{1,13}|[0-9]{1,14})$'
                    then to_char(
                        to_timestamp(cast(part.value #>> '{$date,$numberLong}' as numeric) / 1000)
                        at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
                    )
                else coalesce(
                    part.value ->> '$numberInt', part.value ->> '$numberLong',
                    -- a store may have all numbers with places
                    regexp_replace(
                        coalesce(part.value ->> '$numberDouble', part.value ->> '$numberDecimal'),
                        '^(-?[0-9]+)[.]0+$', '\1'
                    ),
                    part.value ->> '$oid', cast(part.value as text)
                )
            end), '')
        from (select body #> string_to_array({{ path }}, '.')) as part (value)
    )
{%- endmacro %}

{#- How many elements a list in a document has, as text; what is no list, as `document_text` has it.

    Args:
        path: as for `document_text`. -#}
{% macro document_size(path) -%}
    {{ return(adapter.dispatch("document_size")(path)) }}
{%- endmacro %}

{% macro default__document_size(path) -%}
    coalesce(
        cast(json_array_length(get_json_object(body, concat('$.', {{ path }}))) as string),
        {{ document_text(path) }}
    )
{%- endmacro %}

{% macro postgres__document_size(path) -%}
    case jsonb_typeof(body #> string_to_array({{ path }}, '.'))
        when 'array' then cast(jsonb_array_length(body #> string_to_array({{ path }}, '.')) as text)
        else {{ document_text(path) }}
    end
{%- endmacro %}

{#- The collections whose documents are records of a kind, by name: `vars.systems.documents`. -#}
{% macro collection_names(kind) -%}
    {{ return(
        var("systems").get("documents", {}).get("tables", {}).get(kind, {}).get("collections", [])
    ) }}
{%- endmacro %}
