{{ config(enabled='ospos' in var('systems')) }}

{{ till_loads('ospos') }}
