"""Every source there is, one line each: commands, status, erasure and audit take them from here."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.loads.source import Source, SourceError
from ingest.sources.documents.source import DOCUMENTS
from ingest.sources.files.source import FILES
from ingest.sources.streams.source import STREAMS
from ingest.sources.tills.source import TILLS
from ingest.sources.web.social import SOCIAL
from ingest.sources.web.tickets import TICKETS

SOURCES: tuple[Source, ...] = (*TILLS, FILES, STREAMS, DOCUMENTS, SOCIAL, TICKETS)


def chosen(names: Sequence[str] | None = None) -> Sequence[Source]:
    """Return the sources of some names.

    Args:
        names: as audit.loads has them; default all.

    Raises:
        SourceError: there is no such source.
    """
    known = {source.name: source for source in SOURCES}
    for name in names or ():
        if name not in known:
            raise SourceError(f"There is no source {name!r}; there is: {', '.join(known)}.")
    return [known[name] for name in names or known]
