{{ config(materialized='table', indexes=[{'columns': ['ticket_id']}]) }}

with

tickets as (

    select * from {{ ref('base_files__tickets') }}

),

good as (

    select
        -- keys
        ticket_id,
        feed,
        branch_id,
        order_number,

        -- who wrote: nothing that names anybody
        {{ pseudonym("lower(trim(requester_email))") }} as email_hash,

        -- what the ticket is
        channel,
        reason,
        priority,
        status,
        satisfaction,

        -- what happened
        reopened_count,
        comment_count,
        compensation_amount,
        compensation_currency,

        -- times
        opened_at,
        first_response_at,
        last_solved_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from tickets
    where {{ not_in_quarantine('files', feed_names('tickets'), 'ticket_id') }}

)

select * from good
