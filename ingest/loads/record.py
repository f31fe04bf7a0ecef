"""The record of loads: `audit.loads` has a row for each, with its outcome."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from psycopg import sql

from ingest.loads.source import Connection, LoadResult
from ingest.loads.statements import Statements
from ingest.warehouse import RUN_KEY

STATEMENTS = Statements(__file__)


@dataclass
class Entry:
    """A row of audit.loads while its load runs.

    Attributes:
        run_id: its key.
        source: the source.
        branch_id: the branch, if any.
        kind: "initial", "incremental" or "heal".
        seconds: wall time, once it has ended.
        load_id: the newest load that it completed.
        row_count: rows landed.
        error: one sentence, where it failed.
        tables: what it did, by table; its key "rows" counts rows.
        notes: what a person should know although it succeeded.
    """

    run_id: str
    source: str
    branch_id: str | None
    kind: str
    seconds: float = 0.0
    load_id: str | None = None
    row_count: int = 0
    error: str | None = None
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def result(self) -> LoadResult:
        """What the load did, as commands show it."""
        return LoadResult(
            source=self.source,
            branch_id=self.branch_id,
            kind=self.kind,
            row_count=self.row_count,
            tables={name: int(table.get("rows", 0)) for name, table in self.tables.items()},
            seconds=self.seconds,
            outcome="failed" if self.error else "succeeded",
            error=self.error,
            notes=self.notes,
        )


def prepare(connection: Connection) -> None:
    """Make the audit's tables where they are missing, and close the records of dead processes.

    Args:
        connection: a connection as loader.
    """
    connection.execute(STATEMENTS("audit", key=sql.Literal(RUN_KEY)))


def fold(connection: Connection) -> None:
    """Make one row of the many small loads of a part of a source in this hour.

    Args:
        connection: a connection as loader.
    """
    connection.execute(STATEMENTS("fold_loads"))


@contextmanager
def load(
    connection: Connection,
    source: str,
    branch_id: str | None,
    kind: str,
    detail: Mapping[str, Any] | None = None,
) -> Iterator[Entry]:
    """Write a load into audit.loads: that it runs, and in the end how it went.

    Args:
        connection: a connection as loader that commits every statement.
        source: the source.
        branch_id: the branch, if it is one branch's.
        kind: "initial", "incremental" or "heal".
        detail: what must be known of it if it is killed.

    Yields:
        The record, to be filled.
    """
    entry = Entry(str(uuid.uuid4()), source, branch_id, kind)
    detail = dict(detail or {})
    connection.execute(
        "insert into audit.loads (run_id, source, branch_id, kind, started_at, outcome, tables)"
        " values (%s, %s, %s, %s, now(), 'running', %s)"
        " returning pg_advisory_lock(%s, hashtext(run_id))",
        [entry.run_id, source, branch_id, kind, json.dumps(detail), RUN_KEY],
    )
    started = time.monotonic()
    yield entry
    entry.seconds = time.monotonic() - started
    notes = {"notes": entry.notes} if entry.notes else {}
    connection.execute(
        "update audit.loads set finished_at = now(), seconds = %s, load_id = %s, row_count = %s,"
        " outcome = %s, error = %s, tables = %s where run_id = %s",
        [
            round(entry.seconds, 3),
            entry.load_id or None,
            entry.row_count,
            "failed" if entry.error else "succeeded",
            entry.error,
            json.dumps({**entry.tables, **detail, **notes}),
            entry.run_id,
        ],
    )
    # after that, or somebody could see it running without its lock
    connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", [RUN_KEY, entry.run_id])


def shown(cursor: Any) -> str | int | None:
    """Return how far a load came as the record keeps it."""
    if cursor is None or isinstance(cursor, int):
        return cursor
    return cursor.isoformat() if isinstance(cursor, date) else str(cursor)
