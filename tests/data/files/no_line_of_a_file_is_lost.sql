-- Raw = staging + quarantine for every feed of files: its model leaves out no line, and no record
-- is in neither place, or in both. A line removed from its file stays in staging, with its mark.
-- Totals and blank lines of an export are no records; a total is a closing.
{%- set feeds, kinds = [], [] %}
{%- for system in ['files', 'exports'] if system in var('systems') %}
{%- for name, table in var('systems')[system].tables.items() %}
{%- set kind = system ~ '__' ~ name %}
{%- do kinds.append({
    'base': ref('base_' ~ kind), 'staged': ref('stg_' ~ kind), 'key': table.key,
}) %}
{%- for feed in feed_names(name) if system == 'files' %}
{%- do feeds.append({
    'name': feed, 'raw': source('files', feed), 'model': ref('base_files__' ~ feed),
    'has_others': feed == name,
}) %}
{%- endfor %}
{%- endfor %}
{%- endfor %}
{%- for feed in till_exports() %}
{%- do feeds.append({
    'name': feed, 'raw': source('exports', feed), 'model': ref('base_exports__lines_read'),
    'has_others': true,
}) %}
{%- endfor %}
with no_record as (
    select
        cast(null as {{ dbt.type_string() }}) as feed,
        cast(null as {{ dbt.type_string() }}) as record_key
    where 1 = 0
),

landed as (
    select * from no_record
    {%- for feed in feeds %}
    union all
    select
        '{{ feed.name }}' as feed,
        {{ line_key() }} as record_key
    from {{ feed.raw }}
    {%- endfor %}
),

mapped as (
    select * from no_record
    {%- for feed in feeds %}
    union all
    select
        '{{ feed.name }}' as feed,
        {{ line_key() }} as record_key
    from {{ feed.model }}
    {%- if feed.has_others %}
    where feed = '{{ feed.name }}'
    {%- endif %}
    {%- endfor %}
),

judged as (
    select * from no_record
    {%- for kind in kinds %}
    union all
    select
        feed,
        {{ kind.key }} as record_key
    from {{ kind.base }}
    {%- endfor %}
),

kept as (
    {%- for kind in kinds %}
    select
        feed,
        {{ kind.key }} as record_key
    from {{ kind.staged }}
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
        landed.record_key,
        0 as places
    from landed
    left join mapped on landed.feed = mapped.feed and landed.record_key = mapped.record_key
    where mapped.feed is null
    union all
    select
        judged.feed,
        judged.record_key,
        coalesce(counted.places, 0) as places
    from judged
    left join counted on judged.feed = counted.feed and judged.record_key = counted.record_key
    where coalesce(counted.places, 0) <> 1
    union all
    select
        totals.feed,
        totals._file_name as record_key,
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
