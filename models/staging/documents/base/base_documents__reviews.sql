{%- set score = 'numeric(6, 2)' -%}
{%- set texts = ['review_id', 'collection', 'branch_id', 'order_number', 'author', 'platform',
    'review_language', 'rating', 'best_rating', 'review_text', 'photos', 'reviewed_at',
    'answered_at', 'edited_at', 'updated_at', 'load_id', 'raw_record'] -%}
{%- set moments = ['reviewed_at', 'answered_at', 'edited_at', 'updated_at'] -%}

with

branches as (

    select * from {{ ref('branches') }}

),

-- no row: the columns, where there is no collection
mapped as (

    select
        {%- for column in texts %}
        cast(null as {{ dbt.type_string() }}) as {{ column }},
        {%- endfor %}
        cast(null as timestamp with time zone) as _deleted_at,
        false as is_unreadable
    where 1 = 0
    {%- for collection in collection_names('reviews') %}
    union all
    select
        {%- for column in texts %}
        {{ column }},
        {%- endfor %}
        _deleted_at,
        is_unreadable
    from {{ ref('base_documents__' ~ collection) }}
    {%- endfor %}

),

read as (

    select
        mapped.*,
        {{ safe_cast('mapped.rating', score) }} as rating_read,
        {{ safe_cast('mapped.best_rating', score) }} as best_rating_read,
        {%- for column in moments %}
        {{ message_moment('mapped.' ~ column) }} as {{ column }}_read,
        {%- endfor %}
        branches.branch_id as known_branch_id
    from mapped
    left join branches on mapped.branch_id = branches.branch_id

),

judged as (

    select
        -- keys
        review_id,
        collection,
        branch_id,
        order_number,

        -- who wrote it, in plain text
        author,

        -- what the review is
        platform,
        review_language,
        cast(
            case
                when rating_read between 0 and best_rating_read
                    then 5 * rating_read / nullif(best_rating_read, 0)
            end as numeric(3, 2)
        ) as rating,
        review_text,
        {{ safe_cast('photos', 'integer') }} as photos,

        -- times
        reviewed_at_read as reviewed_at,
        answered_at_read as answered_at,
        edited_at_read as edited_at,
        coalesce(updated_at_read, reviewed_at_read) as updated_at,
        _deleted_at as deleted_at,

        -- load
        load_id,

        -- judgement; reasons do not quote personal data of the author
        case
            when is_unreadable then {{ row_errors([
                "'document: has what JSON cannot hold, such as \\u0000'"
            ]) }}
            else {{ row_errors([
                broken('branch_id', 'branch_id is not null and known_branch_id is null',
                    'is no branch of seeds/branches.csv, nor one of branches'),
                missing('platform'),
                unreadable('rating', score),
                unreadable('best_rating', score),
                broken('best_rating', 'best_rating_read <= 0', 'is not above 0'),
                broken('rating', 'rating_read not between 0 and best_rating_read',
                    'is not between 0 and the best rating'),
                unreadable('photos', 'integer', optional=true),
                broken('reviewed_at', 'reviewed_at_read is null', 'is no time'),
                outside_the_calendar('reviewed_at', moment='reviewed_at_read'),
                moment_after('answered_at', 'reviewed_at'),
                moment_after('edited_at', 'reviewed_at'),
            ]) }}
        end as _errors,
        raw_record
    from read

)

select * from judged
