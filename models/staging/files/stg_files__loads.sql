{{ source_loads('files', 'feed') }}
