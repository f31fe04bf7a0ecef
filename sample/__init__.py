"""The sample company: source systems that really run, filled from published data."""
