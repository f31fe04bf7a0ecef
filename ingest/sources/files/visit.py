"""A feed in one run: land what is new or changed, and compare an export with its totals."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.loads import packages, record
from ingest.loads.source import Compared, LoadResult, Session, Window
from ingest.sources.files.bucket import Bucket
from ingest.sources.files.exports import Export, compare
from ingest.sources.files.feed import Feed
from ingest.sources.files.land import first_line, land_apart, notes_on, problem_of
from ingest.sources.files.reading import File, Reading
from ingest.sources.files.tables import RAW, known_files, note_vanished
from ingest.warehouse import WarehouseError


@dataclass(frozen=True)
class FeedVisit:
    """A feed in one run.

    Attributes:
        session: where to.
        feed: the feed.
        branches: only files of these; default all.
        export: what its sales are compared with, where it is the export of a till.
    """

    session: Session
    feed: Feed
    branches: Sequence[str] | None = None
    export: Export | None = None

    @property
    def name(self) -> str:
        """The feed's name."""
        return self.feed.name

    @property
    def branch_id(self) -> str | None:
        """The branch, where all of the feed's files are of one."""
        return self.feed.branch

    def read(self, again: Sequence[str] = ()) -> LoadResult:
        """Land what is new or changed, and files that are asked for by name."""
        connection, feed = self.session.connection, self.feed
        is_initial = packages.last_complete(connection, RAW, feed.schema_name) is None
        kind = "heal" if again else "initial" if is_initial else "incremental"
        with record.load(connection, "files", feed.branch, kind, {"feed": feed.name}) as entry:
            try:
                bucket = Bucket(feed)
                known = known_files(connection, feed)
                present = [file for file in bucket.files() if self._is_asked_for(file)]
                wanted = [
                    file
                    for file in present
                    if known.get(file.name) != (*file.version, file.branch_id, feed.parsing, True)
                    or file.name in again
                ]
                notes = note_vanished(connection, feed, known, present, self.branches)
                readings: Sequence[Reading] = ()
                if wanted:
                    entry.load_id = packages.new_load_id(connection)
                    readings, columns = land_apart(
                        self.session.warehouse, connection, feed, bucket, wanted, known,
                        entry.load_id,
                    )  # fmt: skip
                    if columns and not is_initial:
                        notes.append(f"New columns in the feed {feed.name}: {', '.join(columns)}.")
                entry.row_count = sum(reading.lines for reading in readings)
                entry.tables[feed.name] = {
                    "rows": entry.row_count,
                    "files": sum(1 for reading in readings if not reading.error),
                    "rejects": sum(reading.rejects for reading in readings),
                }
                entry.notes = tuple(notes + notes_on(feed, readings))
                entry.error = problem_of([reading for reading in readings if reading.error])
            except WarehouseError as error:
                entry.error = str(error)
            except Exception as error:  # one feed's trouble stays with that feed
                entry.error = f"The feed {feed.name} could not be landed: {first_line(error)}."
        return entry.result

    def compare(self, window: Window) -> Compared:
        """Compare an export with its own totals, and read again what differs."""
        del window  # both sides are here: all days are compared every time
        if self.export is None:
            return Compared(self.name)
        started = time.monotonic()
        totals = FeedVisit(self.session, self.export.totals)
        reading = {self.export.sales.name: self.read, self.export.totals.name: totals.read}
        return compare(self.session, self.export, reading, started)

    def _is_asked_for(self, file: File) -> bool:
        return not self.branches or file.branch_id is None or file.branch_id in self.branches
