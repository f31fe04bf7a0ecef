{#- The condition that a language is English, of whichever country: en, EN, en-US, en_GB. -#}
{% macro is_english(language) -%}
    lower({{ dbt.split_part("replace(" ~ language ~ ", '_', '-')", "'-'", 1) }}) = 'en'
{%- endmacro %}

{#- The sentiment of texts, as a query: key, sentiment and sentiment_class, one row for each text. VADER's
    figures: what a word weighs that is negated by one of the three before it, and what brings the sum
    of a text between -1 and 1. The lexicon knows English only: of other languages nothing is said.

    Args:
        texts: the relation of the texts.
        key: its key.
        text: its column with the text.
        language: its column with the language. -#}
{% macro sentiments(texts, key, text, language) -%}
    {%- set negated_weight = -0.74 -%}
    {%- set normalisation = 15 -%}
    select
        {{ key }},
        sentiment,
        case
            when sentiment >= 0.05 then 'positive'
            when sentiment <= -0.05 then 'negative'
            when sentiment is not null then 'neutral'
        end as sentiment_class
    from (
        select
            {{ key }},
            cast(weight / sqrt(weight * weight + {{ normalisation }}) as numeric(5, 4)) as sentiment
        from (
            select
                words.{{ key }},
                coalesce(
                    sum(
                        lexicon.weight
                        * case when words.negations > 0 then {{ negated_weight }} else 1 end
                    ),
                    case when {{ is_english("words." ~ language) }} then 0 end
                ) as weight
            from (
                select
                    texts.{{ key }},
                    texts.{{ language }},
                    words.word,
                    sum(
                        case
                            when words.word like '%n''t' then 1
                            when
                                words.word in (
                                    'not', 'no', 'never', 'nobody', 'nothing', 'none', 'neither',
                                    'nor', 'without', 'hardly', 'rarely', 'seldom', 'cannot'
                                )
                                then 1
                        end
                    ) over (
                        partition by texts.{{ key }}
                        order by words.position rows between 3 preceding and 1 preceding
                    ) as negations
                from {{ texts }} as texts
                left join lateral {{ words_of("texts." ~ text) }} as words
                    on {{ is_english("texts." ~ language) }}
            ) as words
            left join {{ ref("sentiment_lexicon") }} as lexicon on words.word = lexicon.word
            group by words.{{ key }}, words.{{ language }}
        ) as weighed
    ) as scored
{%- endmacro %}
