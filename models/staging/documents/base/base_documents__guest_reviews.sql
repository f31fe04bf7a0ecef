{#- What the fields of guest_reviews are to us: another collection of reviews has a model of its own
    with the same columns. -#}

with

-- each is opened once
documents as {{ computed_once() }} (

    select * from {{ ref('base_documents__documents') }}
    where collection = 'guest_reviews'

),

mapped as (

    select
        -- keys
        document_key as review_id,
        collection,
        branch_id,
        {{ document_text("'order'") }} as order_number,

        -- who wrote it, in plain text
        {{ document_text("'guest.name'") }} as author,

        -- what the review is
        {{ document_text("'source'") }} as platform,
        {{ document_text("'language'") }} as review_language,
        {{ document_text("'rating'") }} as rating,
        '5' as best_rating,
        {{ document_text("'text'") }} as review_text,
        {{ document_size("'photos'") }} as photos,

        -- times
        {{ document_text("'created_at'") }} as reviewed_at,
        {{ document_text("'reply.at'") }} as answered_at,
        {{ document_text("'edited_at'") }} as edited_at,
        {{ document_text("'updated_at'") }} as updated_at,
        _deleted_at,

        -- load
        load_id,
        body is null as is_unreadable,
        raw_record
    from documents

)

select * from mapped
