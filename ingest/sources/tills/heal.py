"""Heal days that differ: read them again as a whole, and mark what the till no longer has.

A day's rows are read again with their children and with what names them, whatever their cursors
say, and what differs is merged in one transaction. What was not read again although it lies in the
window is looked up at the till: it is gone, or has moved to another day or parent and is read again
there. Late commits, missed rows, edits without a new timestamp and deletes are all mended this way,
and so are the last days of a table without a change column read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import psycopg2
import sqlalchemy as sa
from psycopg import sql

from ingest.loads import packages, record
from ingest.loads.source import LoadResult
from ingest.loads.statements import Statements
from ingest.sources.tills import erasure
from ingest.sources.tills.connect import Till, explain, refusal
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.landing import as_in_raw, postgres_name
from ingest.sources.tills.lost import not_read_again, roots_of
from ingest.sources.tills.read import Progress, Reading, read_batches
from ingest.sources.tills.tables import AtTill, InRaw, Keys
from ingest.sources.tills.window import HealWindow

STATEMENTS = Statements(__file__)

TooMuch = Callable[[Keys], str | None]
"""Why so many lost rows are not believed, if they are not."""


@dataclass
class Again:
    """What was read again.

    Attributes:
        load_id: the load.
        progress: rows that were new or differed, and what is to be said of them, by table.
        missing: the keys of rows of the window that did not come.
    """

    load_id: str = ""
    progress: dict[str, Progress] = field(default_factory=dict)
    missing: Keys = field(default_factory=dict)


def heal(
    till: AtTill, raw: InRaw, window: HealWindow, too_much: TooMuch
) -> tuple[list[LoadResult], str | None]:
    """Read the rows of a window again, and mark as deleted what the till no longer has.

    Args:
        till: the till, which was loaded before, without any column that the raw layer lacks.
        raw: its raw tables.
        window: the rows to read again.
        too_much: why so many lost rows are not believed, if they are not.

    Returns:
        The loads that it took, and why nothing was marked as deleted, where that is so.
    """
    loads, again = _recorded(till, raw, window)
    if loads.outcome != "succeeded":
        return [loads], None
    moved, gone = sorted_out(till, again.missing)
    results = [loads]
    if moved:
        # Still at the till, only on another day or another parent: not gone, but to be read again.
        results.append(_recorded(till, raw, moved)[0])
    if not gone or results[-1].outcome != "succeeded":
        return results, None
    refused = too_much(gone)
    if refused is None:
        results.append(mark_deleted(till.till, raw, gone))
    return results, refused


def sorted_out(till: AtTill, missing: Keys) -> tuple[HealWindow, Keys]:
    """Tell rows that have moved, as what to read again, from those that are gone."""
    moved: dict[str, set[Any]] = {}
    gone: Keys = {}
    for table, keys in missing.items():
        found = roots_of(till, table, keys)
        root_name = till.system.root_of(table).name
        for key, root in found.items():
            moved.setdefault(table.name, set()).add(key)
            if root:
                moved.setdefault(root_name, set()).add(root)
        if lost := [key for key in keys if key not in found]:
            gone[table] = lost
    return HealWindow(
        keys={name: tuple(sorted(keys, key=str)) for name, keys in moved.items()}
    ), gone


def _recorded(till: AtTill, raw: InRaw, window: HealWindow) -> tuple[LoadResult, Again]:
    """Read some of a till again, as a load of audit.loads; nothing changes where it fails."""
    again = Again()
    with record.load(
        raw.connection, raw.system.source, till.till.part, "heal", window.detail
    ) as entry:
        try:
            again = read_again(till, raw, window)
            entry.load_id = again.load_id
            entry.error = " ".join(till.survey.problems) or None
        except (KeyboardInterrupt, SystemExit):
            raise
        # One till's trouble stays with that till; ConnectorX's panics are no `Exception`.
        except BaseException as error:
            entry.error = explain(error, till.till)
        entry.tables = {name: {"rows": table.rows} for name, table in again.progress.items()}
        entry.row_count = sum(table.rows for table in again.progress.values())
    return entry.result, again


def read_again(till: AtTill, raw: InRaw, window: HealWindow) -> Again:
    """Read some of a till again, whatever its cursors say: a complete load in one transaction.

    It does what dlt does with a merge, without dlt, and leaves rows alone that are as they were: it
    brings a few rows, and most of the second that dlt takes for them goes into finding out what is
    known here.

    Args:
        till: the till, which was loaded before.
        raw: its raw tables.
        window: what to read.
    """
    connection, system = raw.connection, raw.system
    again = Again(packages.new_load_id(connection, system.raw))
    read = [table for table in till.survey.tables if window.reads(table)]
    with connection.transaction(), connection.cursor() as cursor:
        for table in read:
            again.progress[table.name] = _merge(till, raw, table, window, cursor, again.load_id)
        for table in read:
            if window.covers(table) and (
                keys := not_read_again(raw, table, window, _staged(table))
            ):
                again.missing[table] = keys
        packages.complete(connection, system.raw, system.schema_name(raw.till_id), again.load_id)
        erasure.erase(raw)
    return again


def _staged(table: Table) -> str:
    return f"staged_{table.name}"[:63]


def _merge(
    till: AtTill,
    raw: InRaw,
    table: Table,
    window: HealWindow,
    cursor: psycopg.Cursor[Any],
    load_id: str,
) -> Progress:
    """Put a window's rows in the place of those with their keys, and return how many differed."""
    staged = sql.Identifier(_staged(table))
    parts: dict[str, sql.Composable] = {"raw": raw.name(table), "staged": staged}
    cursor.execute(STATEMENTS("stage", **parts))
    reading = Reading(till.till, table, till.survey)
    names = _copy(till, raw, reading, window, cursor, staged)
    parts |= _matching(raw, table, "staged")
    values = {"till": raw.till_id, "load": load_id}
    lists = {
        "columns": _listed(names), "keys": _listed(table.key),
        "landed": _listed(names, "landed"), "brought": _listed(names, "staged"),
    }  # fmt: skip
    cursor.execute(STATEMENTS("merge_delete", **parts, **lists), values)
    cursor.execute(STATEMENTS("merge_insert", **parts, **lists), values)
    return Progress(cursor.rowcount, notes=reading.progress.notes)


def _listed(names: Sequence[str], table: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.Identifier(table, name) if table else sql.Identifier(name) for name in names
    )


def _matching(raw: InRaw, table: Table, other: str) -> dict[str, sql.Composable]:
    """Return what tells that a landed row and one of another table are the same."""
    same = (
        sql.SQL("{} = {}").format(sql.Identifier("landed", name), sql.Identifier(other, name))
        for name in table.key
    )
    return {"is_same": sql.SQL(" and ").join(same), "till": sql.Identifier(raw.system.till_column)}


def _copy(
    till: AtTill,
    raw: InRaw,
    reading: Reading,
    window: HealWindow,
    cursor: psycopg.Cursor[Any],
    target: sql.Identifier,
) -> list[str]:
    """Copy a window's rows of a table, in the types in which loads land them; return the columns.

    Raises:
        TillError: the till cannot be read, or not this table.
    """
    dialect, table = till.dialect, reading.table
    rows = till.rows(table, "listed")
    landed = till.survey.landed(table, rows)
    where = window.condition(till, table, rows)
    names = [raw.system.till_column, *landed]
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(target, _listed(names))
    with cursor.copy(statement) as copy:
        if dialect.copies:
            query = sa.select(*as_in_raw(raw.till_id, landed.values())).where(where)
            with _driver_cursor(till.till, table) as driver:
                driver.copy_expert(
                    f"copy ({dialect.compile(query)}) to stdout (format binary)", copy
                )
        else:
            copy.set_types(["text", *(postgres_name(kind) for _, kind in landed.values())])
            for batch in read_batches(reading, rows, [where]):
                for row in zip(*(column.to_pylist() for column in batch.columns[:-1]), strict=True):
                    copy.write_row(row)
    return names


@contextmanager
def _driver_cursor(till: Till, table: Table) -> Iterator[Any]:
    """Open a cursor of psycopg2's on a Postgres till: it copies."""
    try:
        connection = till.engine.raw_connection()
        try:
            yield connection.cursor()
        finally:
            connection.close()
    except (psycopg2.Error, sa.exc.DBAPIError) as error:  # the warehouse's are those of psycopg 3
        inner = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        raise refusal(inner or error, till, table) from None


def mark_deleted(till: Till, raw: InRaw, gone: Keys) -> LoadResult:
    """Mark rows that the till no longer has: a load of its own, in one transaction.

    Args:
        till: the till that has them no more.
        raw: its raw tables.
        gone: the keys, by table.

    Returns:
        How many rows were marked, by table.
    """
    with record.load(raw.connection, raw.system.source, till.part, "heal") as entry:
        entry.load_id = mark(raw, gone)
        entry.tables = {
            table.name: {"deleted": len(keys), "rows": len(keys)} for table, keys in gone.items()
        }
        entry.row_count = sum(map(len, gone.values()))
    return entry.result


def mark(raw: InRaw, gone: Keys) -> str:
    """Mark rows as deleted in one transaction, and return the load's id."""
    connection, system = raw.connection, raw.system
    with connection.transaction(), connection.cursor() as cursor:
        load_id = packages.new_load_id(connection, system.raw)
        for table, keys in gone.items():
            target = sql.Identifier(f"gone_{table.name}"[:63])
            cursor.execute(STATEMENTS("stage", raw=raw.name(table), staged=target))
            copy = sql.SQL("copy {} ({}) from stdin").format(target, _listed(table.key))
            with cursor.copy(copy) as rows:
                for key in keys:
                    rows.write_row(key)
            cursor.execute(
                STATEMENTS("mark_deleted", raw=raw.name(table), gone=target,
                           **_matching(raw, table, "gone")),
                {"till": raw.till_id, "load": load_id},
            )  # fmt: skip
        packages.complete(connection, system.raw, system.schema_name(raw.till_id), load_id)
    return load_id
