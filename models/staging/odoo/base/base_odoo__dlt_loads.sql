{{ config(enabled='odoo' in var('systems')) }}

{{ till_loads('odoo') }}
