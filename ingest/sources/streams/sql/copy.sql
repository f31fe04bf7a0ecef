copy {table} (
    stream,
    topic,
    topic_id,
    _dlt_load_id,
    partition_id,
    message_offset,
    message_key,
    headers,
    timestamp_ms,
    timestamp_type,
    value,
    value_bytes
) from stdin
