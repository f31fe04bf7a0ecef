{{ source_loads('documents', 'collection') }}
