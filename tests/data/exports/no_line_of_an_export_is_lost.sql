-- Raw = staging + quarantine, line by line, for every export: none is lost, none is in both.
-- A line removed from its file stays in staging, with its mark. Lines of totals and blank ones are
-- no records.
with landed as (
    {%- for feed in till_exports() %}
    select
        '{{ feed }}' as feed,
        {{ line_key() }} as file_line
    from {{ source('exports', feed) }}
    union all
    {%- endfor %}
    select
        'none' as feed,
        'none' as file_line
    where 1 = 0
),

mapped as (
    select
        feed,
        {{ line_key() }} as file_line
    from {{ ref('base_exports__lines_read') }}
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
        landed.file_line as line_key,
        0 as places
    from landed
    left join mapped on landed.feed = mapped.feed and landed.file_line = mapped.file_line
    where mapped.feed is null
    union all
    select
        judged.feed,
        judged.line_key,
        coalesce(counted.places, 0) as places
    from {{ ref('base_exports__lines') }} as judged
    left join counted on judged.line_key = counted.line_key
    where coalesce(counted.places, 0) <> 1
    union all
    select
        totals.feed,
        totals._file_name as line_key,
        0 as places
    from {{ ref('base_exports__lines_read') }} as totals
    left join {{ ref('stg_exports__closings') }} as closings
        on totals.known_branch_id = closings.branch_id and totals._file_name = closings.closing_id
    where
        totals.is_total
        and totals._reject is null
        and totals._deleted_at is null
        and totals.known_branch_id is not null
        and closings.closing_id is null
)

select * from failures
