{#- VADER's figures: what a word weighs that is negated by one of the three before it, and what
    brings the sum of a text between -1 and 1 -#}
{%- set negated_weight = -0.74 -%}
{%- set normalisation = 15 -%}

with

posts as (

    select * from {{ ref('stg_social__posts') }}
    where deleted_at is null

),

lexicon as (

    select * from {{ ref('sentiment_lexicon') }}

),

-- once per post, and only for the posts that are asked for
weighed as (

    select
        posts.post_id,
        -- the lexicon knows English only: of other languages nothing is said
        case when posts.post_language = 'en' then coalesce(weights.weight, 0) end as weight
    from posts
    cross join lateral (
        with words as (
            select
                word,
                sum(case
                    when
                        word in (
                            'not', 'no', 'never', 'nobody', 'nothing', 'none', 'neither', 'nor',
                            'without', 'hardly', 'rarely', 'seldom', 'cannot'
                        )
                        or word like '%n''t'
                        then 1
                    else 0
                end) over (
                    order by position rows between 3 preceding and 1 preceding
                ) as negations
            from {{ words_of('posts.post_text') }}
        )

        select
            sum(lexicon.weight * case
                when words.negations > 0 then {{ negated_weight }} else 1
            end) as weight
        from words
        inner join lexicon on words.word = lexicon.word
    ) as weights

),

scored as (

    select
        post_id,
        cast(weight / sqrt(weight * weight + {{ normalisation }}) as numeric(5, 4)) as sentiment
    from weighed

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
