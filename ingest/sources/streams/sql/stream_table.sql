create table if not exists {table} partition of raw_streams.messages for values in ({stream})
