-- Raw = staging + quarantine for every feed of files but exports: no line is left out by its
-- feed's model, and no record is in neither place, or in both. A line removed from its file stays
-- in staging, with its mark.
{%- set keys = {
    'stock_counts': 'stock_count_key', 'stock_deliveries': 'delivery_line_key',
    'posts': 'post_id', 'tickets': 'ticket_id', 'reviews': 'review_id',
} %}
with landed as (
    {%- for kind in keys %}
    {%- for feed in feed_names(kind) %}
    select
        '{{ feed }}' as feed,
        {{ line_key() }} as file_line
    from {{ source('files', feed) }}
    union all
    {%- endfor %}
    {%- endfor %}
    select
        'none' as feed,
        'none' as file_line
    where 1 = 0
),

mapped as (
    {%- for kind in keys %}
    {%- for feed in feed_names(kind) %}
    select
        '{{ feed }}' as feed,
        {{ line_key() }} as file_line
    from {{ ref('base_files__' ~ feed) }}
    {%- if feed == kind %}
    where feed = '{{ kind }}'
    {%- endif %}
    union all
    {%- endfor %}
    {%- endfor %}
    select
        'none' as feed,
        'none' as file_line
    where 1 = 0
),

judged as (
    {%- for kind, key in keys.items() %}
    select
        feed,
        {{ key }} as record_key
    from {{ ref('base_files__' ~ kind) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

kept as (
    {%- for kind, key in keys.items() %}
    select
        feed,
        {{ key }} as record_key
    from {{ ref('stg_files__' ~ kind) }}
    union all
    {%- endfor %}
    select
        table_name as feed,
        record_key
    from {{ ref('quarantine') }}
    where source_name = 'files' and released_at is null
),

counted as (
    select
        feed,
        record_key,
        count(*) as places
    from kept
    group by feed, record_key
),

failures as (
    select
        landed.feed,
        landed.file_line as record_key,
        0 as places
    from landed
    left join mapped on landed.feed = mapped.feed and landed.file_line = mapped.file_line
    where mapped.feed is null
    union all
    select
        judged.feed,
        judged.record_key,
        coalesce(counted.places, 0) as places
    from judged
    left join counted on judged.feed = counted.feed and judged.record_key = counted.record_key
    where coalesce(counted.places, 0) <> 1
)

select * from failures
