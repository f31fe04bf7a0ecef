{{ source_loads('tickets') }}
