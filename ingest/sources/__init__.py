"""One module per source system, each with one `@dlt.source`."""


class SourceError(Exception):
    """A source cannot be read; the message names it and says what to do, in one sentence."""
