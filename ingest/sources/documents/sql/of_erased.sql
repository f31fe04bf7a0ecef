-- The documents that name somebody who is to be erased, and what of them says who it is.
with named as (
    select
        documents.collection,
        documents.document_id,
        documents.document,
        declared.personal,
        declared.branches,
        cast(documents.document as jsonb) #> string_to_array(declared.branch, '.') as branch,
        cast(documents.document as jsonb) #> string_to_array(declared.customer, '.') as customer
    from raw_documents.documents as documents
    inner join raw_documents._collections as declared
        on documents.collection = declared.collection
    where
        declared.customer is not null
        and exists (select 1 from audit.erasures)
        and pg_input_is_valid(documents.document, 'jsonb')
),

told as (
    select
        named.*,
        coalesce(
            named.customer ->> '$numberInt', named.customer ->> '$numberLong',
            named.customer ->> '$numberDouble', named.customer #>> '{{}}'
        ) as customer_id,
        coalesce(
            (
                select min(called.key)
                from jsonb_each_text(named.branches) as called
                where
                    coalesce(
                        named.branch ->> '$numberInt', named.branch ->> '$numberLong',
                        named.branch ->> '$numberDouble', named.branch #>> '{{}}'
                    ) in (called.value, called.value || '.0')
            ),
            named.branch #>> '{{}}'
        ) as branch_id
    from named
)

select
    told.collection,
    told.document_id,
    told.document,
    told.personal
from told
inner join audit.erasures as erasures
    on
        told.branch_id = erasures.branch_id
        -- a store may have all numbers with places
        and regexp_replace(told.customer_id, '^([0-9]+)[.]0+$', '\1') = erasures.customer_id
