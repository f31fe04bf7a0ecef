{#- What to select from for the words of an English text (columns position, word), in lower case,
    punctuation taken off both ends. An emoji is a word, and so is a smiley such as `:-)`.

    Args:
        text: SQL of the text. -#}
{% macro words_of(text) -%}
    {{ return(adapter.dispatch("words_of")(text)) }}
{%- endmacro %}

{% macro postgres__words_of(text) -%}
    (
        select
            tokens.position,
            {#- what has less than three characters without its punctuation may be a smiley #}
            case when length(bare) > 2 then bare else token end as word
        from
            regexp_split_to_table(
                regexp_replace(
                    translate(lower({{ text }}), U&'\2019\FE0F', ''''),
                    '([\u2300-\u27BF\u3297\u3299\U0001F000-\U0001FAFF])', ' \1 ', 'g'
                ),
                '\s+'
            ) with ordinality as tokens (token, position)
        cross join lateral btrim(token, '.,!?;:"()[]{}…¡¿-–—*_~''#@/\') as bare
        where token <> ''
    )
{%- endmacro %}

{#- A text as its words with one space between them and around them, in lower case, so that a name of
    several words can be found in it, and nothing within a word.

    Args:
        text: SQL of the text. -#}
{% macro spaced_words(text) -%}
    {{ return(adapter.dispatch("spaced_words")(text)) }}
{%- endmacro %}

{% macro default__spaced_words(text) -%}
    concat(' ', regexp_replace(lower({{ text }}), '[\\s\\p{Punct}]+', ' '), ' ')
{%- endmacro %}

{% macro postgres__spaced_words(text) -%}
    (' ' || regexp_replace(lower({{ text }}), '[[:space:][:punct:]]+', ' ', 'g') || ' ')
{%- endmacro %}
