update raw_streams.messages
set _dlt_load_id = %(load_id)s
where stream = %(stream)s
