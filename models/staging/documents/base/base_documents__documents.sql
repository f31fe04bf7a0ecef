with

documents as (

    select * from {{ source('documents', 'documents') }}

),

collections as (

    select * from {{ source('documents', '_collections') }}

),

opened as (

    select
        documents.*,
        {{ document_key() }} as document_key,
        {{ raw_record('documents', ['collection', 'document_id', 'updated_at']) }} as raw_record,
        {{ document_body('documents.document') }} as body,
        collections.branch as place_of_branch,
        collections.branches as names_of_branches
    from documents
    left join collections on documents.collection = collections.collection

),

placed as (

    select
        opened.*,
        {{ document_text('place_of_branch') }} as branch
    from opened

),

final as (

    select
        -- keys
        placed.document_key,
        placed.collection,
        {{ message_branch('placed.branch', 'placed.names_of_branches') }} as branch_id,

        -- what it says
        placed.body,

        -- times
        placed._deleted_at,

        -- load
        placed._dlt_load_id as load_id,
        placed.raw_record
    from placed

)

select * from final
