{{ config(enabled='ospos' in var('systems')) }}

{{ branch_loads('ospos') }}
