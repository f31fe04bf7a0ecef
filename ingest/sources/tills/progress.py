"""What a visit has read of each table: the record that ends up in audit.loads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.loads import record
from ingest.sources.tills.connect import Till, explain
from ingest.sources.tills.tables import InRaw


@dataclass
class Progress:
    """What was read of one table."""

    rows: int = 0
    deleted: int = 0
    first_cursor: Any = None
    last_cursor: Any = None
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, cursor: pa.ChunkedArray | pa.Array | None, rows: int) -> None:
        """Count one batch and widen the range of its cursor."""
        self.rows += rows
        if cursor is None or not rows:
            return
        span = pc.min_max(cursor).as_py()
        if span["min"] is not None:
            self.first_cursor = min(self.first_cursor or span["min"], span["min"])
            self.last_cursor = max(self.last_cursor or span["max"], span["max"])

    @property
    def shown(self) -> dict[str, Any]:
        """What audit.loads keeps of it."""
        cursors = {"first_cursor": self.first_cursor, "last_cursor": self.last_cursor}
        deleted = {"deleted": self.deleted} if self.deleted else {}
        return {
            "rows": self.rows,
            **deleted,
            **{name: record.shown(cursor) for name, cursor in cursors.items()},
        }


Read = dict[str, Progress]
"""What was read, by table."""


@contextmanager
def recorded(till: Till, raw: InRaw, kind: str) -> Iterator[tuple[record.Entry, Read]]:
    """Write a load of a till into audit.loads, and why it failed.

    Args:
        till: the till.
        raw: its raw tables.
        kind: "initial", "incremental" or "heal".

    Yields:
        The record and what was read, both to be filled.
    """
    read: Read = {}
    with record.load(raw.connection, raw.system.source, till.part, kind) as entry:
        try:
            yield entry, read
        except (KeyboardInterrupt, SystemExit):
            raise
        # One till's trouble stays with that till; ConnectorX's panics are no `Exception`.
        except BaseException as error:
            entry.error = explain(error, till)
        entry.tables = {name: progress.shown for name, progress in read.items()}
        entry.row_count = sum(progress.rows for progress in read.values())
        said = (note for progress in read.values() for note in progress.notes.values())
        entry.notes = (*entry.notes, *said)
