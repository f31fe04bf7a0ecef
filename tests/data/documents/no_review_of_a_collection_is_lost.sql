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

)

select
    landed.document_key,
    staged.review_id,
    held.record_key
from landed
full join staged on landed.document_key = staged.review_id
left join held on landed.document_key = held.record_key
where
    landed.document_key is null
    or (staged.review_id is null) = (held.record_key is null)
    or (landed._deleted_at is not null and staged.review_id is null)
