{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="ticket_id",
    on_schema_change="fail",
    indexes=[{"columns": ["branch_id", "business_date"]}, {"columns": ["order_key"]}],
    pre_hook="{{ take_out_touched_rows(
        ref('int_tickets_matched'),
        key='ticket_id',
        compared=[
            'load_id', 'branch_id', 'order_key', 'customer_key', 'business_date', 'matched_by'
        ]
    ) }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

tickets as (

    select * from {{ touched_rows(ref('int_tickets_matched'), by=['ticket_id']) }}

),

final as (

    select
        -- keys
        ticket_id,
        branch_id,
        order_key,
        customer_key,
        matched_by,
        business_date,

        -- what the ticket is
        channel,
        reason,
        is_complaint,
        priority,
        status,

        -- times
        opened_at,
        first_response_at,
        resolved_at,

        -- measures
        cast({{ dbt.datediff('opened_at', 'first_response_at', 'minute') }} as integer)
            as first_response_minutes,
        cast({{ dbt.datediff('opened_at', 'resolved_at', 'minute') }} as integer)
            as resolution_minutes,
        cast(reopened_count as integer) as reopened_count,
        cast(comment_count as integer) as comment_count,
        satisfaction,
        compensation_amount,
        compensation_currency,

        -- load
        load_id
    from tickets

)

select * from final
