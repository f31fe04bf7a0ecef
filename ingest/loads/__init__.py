"""What every load does, knowing no source: record, raw tables, dlt's packages, compare, erase."""
