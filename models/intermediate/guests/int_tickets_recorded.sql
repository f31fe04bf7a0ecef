{#- The columns of both roads. -#}
{%- set columns = ['ticket_id', 'branch_id', 'order_number', 'email_hash', 'channel', 'reason',
    'priority', 'status', 'satisfaction', 'reopened_count', 'comment_count', 'compensation_amount',
    'compensation_currency', 'opened_at', 'first_response_at', 'last_solved_at', 'deleted_at'] -%}

with

api_tickets as (select * from {{ ref('stg_tickets__tickets') }}),

api_loads as (

    select * from {{ ref('stg_tickets__loads') }}
    where is_complete

),

file_tickets as (select * from {{ ref('stg_files__tickets') }}),

file_loads as (

    select * from {{ ref('stg_files__loads') }}
    where is_complete

),

-- the branch of a file is sure, and that of the API what the guest says; the load is unknown until
-- it is complete
recorded as (

    select
        cast(null as {{ dbt.type_string() }}) as branch_of_file,
        tickets.{{ columns | join(',\n        tickets.') }},
        loads.load_id
    from api_tickets as tickets
    left join api_loads as loads on tickets.load_id = loads.load_id

    union all

    select
        tickets.branch_id as branch_of_file,
        tickets.{{ columns | join(',\n        tickets.') }},
        loads.load_id
    from file_tickets as tickets
    left join file_loads as loads on tickets.load_id = loads.load_id

)

select * from recorded
