{{ config(enabled='unicenta' in var('systems')) }}

{{ branch_loads('unicenta') }}
