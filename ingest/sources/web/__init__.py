"""Web APIs, read by the time of change."""
