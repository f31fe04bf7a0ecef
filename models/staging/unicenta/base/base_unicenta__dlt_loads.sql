{{ config(enabled='unicenta' in var('systems')) }}

{{ till_loads('unicenta') }}
