"""Event streams: topics of Kafka, or of what speaks its protocol."""
