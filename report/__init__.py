"""The report: what the published marts say, as one page that opens offline."""
