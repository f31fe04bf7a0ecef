{#- VADER's figures: what a word weighs that is negated by one of the three before it, and what
    brings the sum of a text between -1 and 1 -#}
{%- set negated_weight = -0.74 -%}
{%- set normalisation = 15 -%}

with

posts as (

    select * from {{ ref('int_posts_recorded') }}
    where deleted_at is null

),

lexicon as (

    select * from {{ ref('sentiment_lexicon') }}

),

-- the lexicon knows English only: of other languages nothing is said
words as (

    select
        posts.post_id,
        posts.post_language,
        words.word,
        sum(
            case
                when words.word like '%n''t' then 1
                when
                    words.word in (
                        'not', 'no', 'never', 'nobody', 'nothing', 'none', 'neither', 'nor',
                        'without', 'hardly', 'rarely', 'seldom', 'cannot'
                    )
                    then 1
            end
        ) over (
            partition by posts.post_id
            order by words.position rows between 3 preceding and 1 preceding
        ) as negations
    from posts
    left join lateral {{ words_of('posts.post_text') }} as words
        on posts.post_language = 'en'

),

weighed as (

    select
        words.post_id,
        sum(
            lexicon.weight * case when words.negations > 0 then {{ negated_weight }} else 1 end
        ) as found_weight,
        case when words.post_language = 'en' then 0 end as no_weight
    from words
    left join lexicon on words.word = lexicon.word
    group by words.post_id, words.post_language

),

summed as (

    select
        post_id,
        coalesce(found_weight, no_weight) as weight
    from weighed

),

scored as (

    select
        post_id,
        cast(weight / sqrt(weight * weight + {{ normalisation }}) as numeric(5, 4)) as sentiment
    from summed

),

final as (

    select
        post_id,
        sentiment,
        case
            when sentiment >= 0.05 then 'positive'
            when sentiment <= -0.05 then 'negative'
            when sentiment is not null then 'neutral'
        end as sentiment_class
    from scored

)

select * from final
