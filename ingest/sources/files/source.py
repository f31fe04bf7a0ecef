"""Files as a source: every configured feed is one part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.loads.source import Session
from ingest.sources.files.exports import exports
from ingest.sources.files.feed import configured_feeds
from ingest.sources.files.tables import RAW, modelled_feeds, prepare
from ingest.sources.files.visit import FeedVisit


@dataclass(frozen=True)
class FileSource:
    """All feeds of files."""

    name: str = "files"
    raw: str = RAW
    has_branches: bool = True

    def tables(self) -> Sequence[str]:
        """Return the raw tables that the models read."""
        return list(modelled_feeds())

    def visits(
        self, session: Session, branches: Sequence[str] | None = None
    ) -> Sequence[FeedVisit]:
        """Return the configured feeds, totals before the sales that are compared with them."""
        feeds = configured_feeds(branches)
        known = {export.sales.name: export for export in exports(configured_feeds())}
        visits = [FeedVisit(session, feed, branches, known.get(feed.name)) for feed in feeds]
        return sorted(visits, key=lambda visit: visit.export is not None)

    def prepare(self, session: Session) -> None:
        """Make the tables that all feeds share, and write down how each feed is written."""
        prepare(session.connection, configured_feeds())

    def knows(self, session: Session, branch_id: str, customer_id: int) -> bool:
        """Say no: files name no customers."""
        del session, branch_id, customer_id
        return False

    def erase(self, session: Session) -> int:
        """Erase nothing: files name no customers."""
        del session
        return 0


FILES = FileSource()
