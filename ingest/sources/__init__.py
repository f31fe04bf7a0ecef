"""One module per source system, each with one `@dlt.source`."""
