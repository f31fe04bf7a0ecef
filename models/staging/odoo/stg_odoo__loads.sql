{{ config(enabled='odoo' in var('systems')) }}

{{ branch_loads('odoo') }}
