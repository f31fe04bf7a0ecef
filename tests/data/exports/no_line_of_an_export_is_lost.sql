-- Raw = staging + quarantine, line by line, for every export: none is lost, none is in both.
-- A line removed from its file stays in staging, with its mark.
with landed as (
    {%- for feed in till_exports() %}
    select
        '{{ feed }}' as feed,
        {{ dbt.concat(["'" ~ feed ~ ":'", line_key()]) }} as line_key
    from {{ source('exports', feed) }}
    union all
    {%- endfor %}
    select
        'none' as feed,
        'none' as line_key
    where 1 = 0
),

kept as (
    select line_key from {{ ref('stg_exports__lines') }}
    union all
    select record_key as line_key from {{ ref('quarantine') }}
    where source_name = 'files' and released_at is null
),

counted as (
    select
        line_key,
        count(*) as places
    from kept
    group by line_key
),

failures as (
    select
        landed.feed,
        landed.line_key,
        coalesce(counted.places, 0) as places
    from landed
    left join counted on landed.line_key = counted.line_key
    where coalesce(counted.places, 0) <> 1
)

select * from failures
