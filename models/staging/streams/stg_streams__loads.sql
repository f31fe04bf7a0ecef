{{ config(enabled='streams' in var('systems')) }}

{{ source_loads('streams', 'stream') }}
