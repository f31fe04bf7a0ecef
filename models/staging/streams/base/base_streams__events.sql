{{ config(enabled='streams' in var('systems')) }}

-- what lands while a build runs is the next one's
select * from {{ ref('base_streams__messages') }}
where load_id <= {{ pinned_load('streams') }}
