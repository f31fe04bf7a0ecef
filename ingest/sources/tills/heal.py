"""Heal days that differ: read them again as a whole, and mark what the till no longer has.

A day's rows are read again with their children and with what names them, whatever their cursors
say, and merged in one transaction. What was not read again although it lies in the window is looked
up at the till: it is gone, or has moved to another day or parent and is read again there. Late
commits, missed rows, edits without a new timestamp and deletes are all mended this way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import psycopg2
import sqlalchemy as sa
from psycopg import sql

from ingest.loads import packages, record
from ingest.loads.source import LoadResult
from ingest.loads.statements import Statements
from ingest.sources.tills import erasure
from ingest.sources.tills.connect import Link, TillError, cannot_read, explain
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.landing import as_in_raw, landing, postgres_name, schema
from ingest.sources.tills.lost import Keys, not_read_again, roots_of
from ingest.sources.tills.read import Reading, read_batches
from ingest.sources.tills.survey import Survey
from ingest.sources.tills.tables import at_till
from ingest.sources.tills.window import HealWindow

STATEMENTS = Statements(__file__)


def heal(
    link: Link,
    survey: Survey,
    window: HealWindow,
    too_much: Callable[[Keys], str | None],
) -> tuple[list[LoadResult], str | None]:
    """Read the rows of a window again, and mark as deleted what the till no longer has.

    Args:
        link: the till, which was loaded before, and its raw tables.
        survey: what can be read there, without any column that the raw layer lacks.
        window: the rows to read again.
        too_much: why so many lost rows are not believed, if they are not.

    Returns:
        The loads that it took, and why nothing was marked as deleted, where that is so.
    """
    loads = [read_again(link, survey, window)]
    if loads[-1].outcome != "succeeded":
        return loads, None
    load_id = packages.last_complete(link.connection, link.system.raw, link.schema_name)
    moved: set[int] = set()
    gone: Keys = {}
    for table in link.system.tables:
        if not window.covers(table):
            continue
        keys = not_read_again(link, table, window, load_id)
        found = roots_of(link, table, keys)
        if table.belongs_to_a_day:
            moved.update(found.values())
        gone[table] = [key for key in keys if key not in found]
    if moved:
        # Still at the till, only on another day or another parent: not gone, but to be read again.
        loads.append(read_again(link, survey, HealWindow(keys=tuple(sorted(moved)))))
    if not any(gone.values()) or loads[-1].outcome != "succeeded":
        return loads, None
    refused = too_much(gone)
    if refused is None:
        loads.append(mark_deleted(link, gone))
    return loads, refused


def read_again(link: Link, survey: Survey, window: HealWindow) -> LoadResult:
    """Read some of a till again, whatever its cursors say: a complete load in one transaction.

    It does what dlt does with a merge, row for row, without dlt: a heal brings a few rows, and most
    of the second that dlt takes for them goes into finding out what is known here.

    Args:
        link: the till, which was loaded before, and its raw tables.
        survey: what can be read there.
        window: what to read.

    Returns:
        What was read, or why not; then nothing is changed.
    """
    connection, source = link.connection, link.system.source
    with record.load(connection, source, link.branch_id, "heal", window.detail) as entry:
        rows: dict[str, int] = {}
        try:
            with connection.transaction(), connection.cursor() as cursor:
                entry.load_id = packages.new_load_id(connection, link.system.raw)
                for table in survey.tables:
                    if window.reads(table):
                        rows[table.name] = _merge(
                            link, survey, table, window, cursor, entry.load_id
                        )
                packages.complete(connection, link.system.raw, link.schema_name, entry.load_id)
                erasure.erase(connection, link.system, link.branch_id)
            entry.error = " ".join(survey.problems) or None
        except (KeyboardInterrupt, SystemExit):
            raise
        # One till's trouble stays with that till; ConnectorX's panics are no `Exception`.
        except BaseException as error:
            entry.load_id, rows = None, {}
            entry.error = explain(error, link.till)
        entry.tables = {name: {"rows": count} for name, count in rows.items()}
        entry.row_count = sum(rows.values())
    return entry.result


def _merge(
    link: Link,
    survey: Survey,
    table: Table,
    window: HealWindow,
    cursor: psycopg.Cursor[Any],
    load_id: str,
) -> int:
    """Put a window's rows in the place of those with their keys, and return how many."""
    staged = sql.Identifier(f"staged_{table.name}")
    parts = {"raw": link.raw(table), "staged": staged, "key": sql.Identifier(table.key)}
    cursor.execute(STATEMENTS("stage", **parts))
    names = _copy(link, survey, table, window, cursor, staged)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    cursor.execute(STATEMENTS("merge_delete", **parts), {"branch": link.branch_id})
    cursor.execute(STATEMENTS("merge_insert", columns=columns, **parts), {"load": load_id})
    return cursor.rowcount


def _copy(
    link: Link,
    survey: Survey,
    table: Table,
    window: HealWindow,
    cursor: psycopg.Cursor[Any],
    target: sql.Identifier,
) -> list[str]:
    """Copy a window's rows of a table, in the types in which loads land them; return the columns.

    Raises:
        RefusedTableError: a value that Postgres cannot hold.
    """
    columns, dialect = survey.columns(table), link.till.dialect
    landed = [landing(column, dialect) for column in columns.columns]
    where: list[sa.ColumnElement[bool]] = []
    if table.name not in window.whole_tables:
        where = [_in_window(link, columns, table, window)]
    names = ["branch_id", *columns.columns.keys()]
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with cursor.copy(statement) as copy:
        if dialect.name == "postgresql":
            query = sa.select(*as_in_raw(link.branch_id, landed)).where(*where)
            with _driver_cursor(link) as till:
                till.copy_expert(f"copy ({dialect.compile(query)}) to stdout (format binary)", copy)
        else:
            query = sa.select(*(expression for expression, _ in landed)).where(*where)
            arrow_schema = schema(columns, table, landed)
            copy.set_types(["text", *(postgres_name(arrow_type) for _, arrow_type in landed)])
            for batch in read_batches(dialect.compile(query), arrow_schema, Reading(link, table)):
                for row in zip(*(column.to_pylist() for column in batch.columns[:-1]), strict=True):
                    copy.write_row(row)
    return names


@contextmanager
def _driver_cursor(link: Link) -> Iterator[Any]:
    """Open a cursor of psycopg2's on a Postgres till: it copies."""
    try:
        till = link.till.engine.raw_connection()
        try:
            yield till.cursor()
        finally:
            till.close()
    except (psycopg2.Error, sa.exc.DBAPIError) as error:  # the warehouse's are those of psycopg 3
        inner = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        raise TillError(cannot_read(inner, link.till)) from None


def _in_window(
    link: Link, rows: sa.FromClause, table: Table, window: HealWindow
) -> sa.ColumnElement[bool]:
    """Return which rows of a till's table belong to a window."""
    root, dialect = link.system.root, link.till.dialect
    if table is root:
        return window.condition(root, rows, dialect)
    if not (table.parent_key or table.named_by):
        return sa.true()  # a menu is short
    wanted = root.key if table.parent_key else str(table.named_by)
    named = at_till(root, {*root.needed, wanted}, "root")
    # one look-up for each part of the window: engines use their indexes then
    parts = [HealWindow(stretches=(stretch,)) for stretch in window.stretches]
    parts += [HealWindow(keys=window.keys)] if window.keys else []
    is_named: sa.ColumnElement[bool] = sa.or_(
        *(
            rows.c[table.root_key].in_(
                sa.select(named.c[wanted]).where(part.condition(root, named, dialect))
            )
            for part in parts
        )
    )
    return is_named


def mark_deleted(link: Link, gone: Keys) -> LoadResult:
    """Mark rows that the till no longer has: a load of its own, in one transaction.

    Args:
        link: the till that has them no more, and its raw tables.
        gone: the keys, by table.

    Returns:
        How many rows were marked, by table.
    """
    connection = link.connection
    with (
        record.load(connection, link.system.source, link.branch_id, "heal") as entry,
        connection.transaction(),
    ):
        entry.load_id = packages.new_load_id(connection, link.system.raw)
        for table, keys in gone.items():
            connection.execute(
                STATEMENTS("mark_deleted", raw=link.raw(table), key=table.key),
                {"branch": link.branch_id, "keys": keys, "load": entry.load_id},
            )
            entry.tables[table.name] = {"deleted": len(keys), "rows": len(keys)}
        packages.complete(connection, link.system.raw, link.schema_name, entry.load_id)
        entry.row_count = sum(map(len, gone.values()))
    return entry.result
