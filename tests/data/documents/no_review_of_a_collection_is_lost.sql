-- Each document of a collection of reviews is in staging or in quarantine, and not in both.
with

landed as (

    select
        document_key,
        _deleted_at
    from {{ ref('base_documents__documents') }}
    where collection in ('{{ collection_names('reviews') | join("', '") }}')

),

staged as (

    select review_id from {{ ref('stg_documents__reviews') }}

),

held as (

    select record_key from {{ ref('quarantine') }}
    where source_name = 'documents' and released_at is null

),

compared as (

    select
        landed.document_key,
        landed._deleted_at,
        staged.review_id,
        held.record_key
    from landed
    full join staged on landed.document_key = staged.review_id
    left join held on landed.document_key = held.record_key

),

differing as (

    select * from compared
    where
        document_key is null
        or (review_id is null) = (record_key is null)
        or (_deleted_at is not null and review_id is null)

)

select * from differing
