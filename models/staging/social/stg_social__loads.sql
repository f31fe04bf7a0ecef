{{ source_loads('social') }}
