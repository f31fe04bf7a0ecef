{{ config(enabled='streams' in var('systems')) }}

{{ source_loads('streams', 'stream') }}
-- what lands while a build runs is the next one's
where load_id <= {{ pinned_load('streams') }}
