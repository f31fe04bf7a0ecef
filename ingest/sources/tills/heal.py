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
from typing import Any

import psycopg
import psycopg2
import sqlalchemy as sa
from psycopg import sql

from ingest.loads import packages
from ingest.loads.statements import Statements
from ingest.sources.tills import erasure
from ingest.sources.tills.connect import Till, refusal
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.dialects import POSTGRES
from ingest.sources.tills.landing import as_in_raw, postgres_name
from ingest.sources.tills.lost import chunks, not_read_again, roots_of
from ingest.sources.tills.progress import Progress, Read
from ingest.sources.tills.read import Reading, read_batches
from ingest.sources.tills.tables import AtTill, InRaw, Keys
from ingest.sources.tills.window import HealWindow

STATEMENTS = Statements(__file__)


def heal(
    till: AtTill, raw: InRaw, window: HealWindow, read: Read, too_much: Callable[[Keys], str | None]
) -> tuple[str, str | None]:
    """Read the rows of a window again, and mark as deleted what the till no longer has.

    Args:
        till: the till, which was loaded before, without any column that the raw layer lacks.
        raw: its raw tables.
        window: the rows to read again.
        read: filled with what was new or differed, by table.
        too_much: why so many lost rows are not believed, if they are not.

    Returns:
        The newest load, and why nothing was marked as deleted, where that is so.
    """
    load_id, missing = _read_again(till, raw, window, read)
    moved, gone = _sorted_out(till, missing)
    if moved:
        # Still at the till, only on another day or another parent: not gone, but to be read again.
        load_id, _ = _read_again(till, raw, moved, read)
    refused = too_much(gone) if gone else None
    if gone and not refused:
        load_id = mark_deleted(raw, gone, read)
    return load_id, refused


def _sorted_out(till: AtTill, missing: Keys) -> tuple[HealWindow, Keys]:
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


def _read_again(till: AtTill, raw: InRaw, window: HealWindow, read: Read) -> tuple[str, Keys]:
    """Read some of a till again, whatever its cursors say: a complete load in one transaction.

    It does what dlt does with a merge, without dlt, and leaves rows alone that are as they were: it
    brings a few rows, and most of the second that dlt takes for them goes into finding out what is
    known here.

    Returns:
        The load, and the keys of rows of the window that did not come.
    """
    connection, system = raw.connection, raw.system
    load_id = packages.new_load_id(connection, system.raw)
    missing: Keys = {}
    tables = [table for table in till.tables if window.reads(table)]
    with connection.transaction(), connection.cursor() as cursor:
        for table in tables:
            reading = Reading(till, table, progress=read.setdefault(table.name, Progress()))
            _merge(reading, raw, window, cursor, load_id)
        for table in tables:
            if window.covers(table) and (
                keys := not_read_again(raw, table, window, _staged(table))
            ):
                missing[table] = keys
        packages.complete(connection, system.raw, raw.schema_name, load_id)
        erasure.erase(raw)
    return load_id, missing


def _staged(table: Table) -> str:
    return f"staged_{table.name}"[:63]


def _merge(
    reading: Reading, raw: InRaw, window: HealWindow, cursor: psycopg.Cursor[Any], load_id: str
) -> None:
    """Put a window's rows in the place of those with their keys, and count how many differed."""
    table, before = reading.table, reading.progress.rows
    staged = _staged(table)
    cursor.execute(STATEMENTS("stage", raw=raw.name(table), staged=staged))
    names = _copy(reading, raw, window, cursor, sql.Identifier(staged))
    same = (sql.SQL("landed.{0} = staged.{0}").format(sql.Identifier(name)) for name in table.key)
    parts = {
        "raw": raw.name(table), "staged": sql.Identifier(staged), "columns": _listed(names),
        "landed": _listed(names, "landed"), "brought": _listed(names, "staged"),
        "till": sql.Identifier(raw.system.till_column), "is_same": sql.SQL(" and ").join(same),
    }  # fmt: skip
    cursor.execute(STATEMENTS("merge_delete", **parts), {"till": raw.till_id})
    cursor.execute(STATEMENTS("merge_insert", **parts), {"load": load_id})
    reading.progress.rows = before + cursor.rowcount


def _listed(names: Sequence[str], *table: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*table, name) for name in names)


def _copy(
    reading: Reading,
    raw: InRaw,
    window: HealWindow,
    cursor: psycopg.Cursor[Any],
    target: sql.Identifier,
) -> list[str]:
    """Copy a window's rows of a table, in the types in which loads land them; return the columns.

    Raises:
        TillError: the till cannot be read, or not this table.
    """
    till, table = reading.till, reading.table
    rows = till.rows(table)
    landed = till.landed(table, rows)
    where = reading.with_key(rows, window.condition(till, table, rows))
    names = [raw.system.till_column, *landed]
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(target, _listed(names))
    with cursor.copy(statement) as copy:
        if till.dialect.copies:
            own = sa.cast(sa.literal(raw.till_id), sa.Text)
            query = sa.select(own, *as_in_raw(landed.values())).where(where)
            text = f"copy ({till.dialect.compile(query)}) to stdout (format binary)"
            with _driver_cursor(till.till, table) as driver:
                driver.copy_expert(text, copy)
        else:
            copy.set_types(["text", *(postgres_name(kind) for _, kind in landed.values())])
            for batch in read_batches(reading, rows, where):
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
        raise refusal(error, till, table) from None


def mark_deleted(raw: InRaw, gone: Keys, read: Read) -> str:
    """Mark rows that a till no longer has: a load of its own, in one transaction.

    Args:
        raw: the till's raw tables.
        gone: the keys, by table.
        read: the marked rows are added to it, by table.

    Returns:
        The load.
    """
    connection, system = raw.connection, raw.system
    with connection.transaction():
        load_id = packages.new_load_id(connection, system.raw)
        for table, keys in gone.items():
            rows = raw.table(table)
            for some in chunks(keys):
                statement = (
                    sa.update(rows)
                    .values(_deleted_at=sa.func.now(), _dlt_load_id=load_id)
                    .where(raw.alive(rows), raw.keyed(table, rows, some))
                )
                connection.execute(POSTGRES.compile(statement).encode())
            progress = read.setdefault(table.name, Progress())
            progress.rows += len(keys)
            progress.deleted += len(keys)
        packages.complete(connection, system.raw, raw.schema_name, load_id)
    return load_id
