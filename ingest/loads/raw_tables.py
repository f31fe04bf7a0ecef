"""The raw tables: their columns, indexes and statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from ingest.loads.source import Connection, LoadResult, Session
from ingest.warehouse import LOADER


def exists(connection: Connection, table: str) -> bool:
    """Say whether a table exists.

    Args:
        connection: a connection to the warehouse.
        table: its schema and name.
    """
    row = connection.execute("select to_regclass(%s) is not null", [table]).fetchone()
    return bool(row and row[0])


def columns(connection: Connection, raw: str) -> dict[str, dict[str, str]]:
    """Return a raw schema's tables, each with its columns and their types as Postgres names them.

    Args:
        connection: a connection to the warehouse.
        raw: the raw schema.
    """
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = %s order by ordinal_position",
        [raw],
    )
    for table, column, data_type in rows:
        found.setdefault(table, {})[column] = data_type
    return found


def indexing(
    raw: str, table: str, suffix: str, wanted: Sequence[str], *, is_unique: bool = False
) -> sql.Composed:
    """Return the statement that gives a raw table an index, unless it has it.

    Args:
        raw: the raw schema.
        table: the table.
        suffix: what the index' name has after the table's.
        wanted: the columns.
        is_unique: whether the columns are a key.
    """
    return sql.SQL("create {} index if not exists {} on {} ({})").format(
        sql.SQL("unique" if is_unique else ""),
        sql.Identifier(f"{table}_{suffix}"),
        sql.Identifier(raw, table),
        sql.SQL(", ").join(map(sql.Identifier, wanted)),
    )


def build(session: Session, raw: str, indexes: Mapping[str, sql.Composed]) -> None:
    """Build those indexes that are not there, two at a time.

    Two builds that use a core each take less than builds one by one that use all cores: a parallel
    build has to sort rows that come in order as they are. So does a sort in much memory, which
    takes a third longer than many short ones that a processor's cache holds.

    Args:
        session: as loader.
        raw: the raw schema.
        indexes: the statements of `indexing`, by the index' name.

    Raises:
        psycopg.errors.UniqueViolation: a table holds a key twice; the others are built.
    """
    rows = session.connection.execute(
        "select indexname from pg_indexes where schemaname = %s", [raw]
    )
    known = {name for (name,) in rows.fetchall()}
    missing = [text for name, text in indexes.items() if name[:63] not in known]
    waiting = iter(missing)

    def work(connection: Connection) -> None:
        connection.execute(
            "set max_parallel_maintenance_workers = 0; set maintenance_work_mem = '16MB'"
        )
        for statement in waiting:
            connection.execute(statement)

    if not missing:
        return
    with (
        session.warehouse.connect(name="mypizza ingest", role=LOADER) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        second = pool.submit(work, other)
        try:
            work(session.connection)
        except BaseException as error:
            if not isinstance(error, psycopg.errors.UniqueViolation):
                missing.clear()  # the other one ends with what it is at
                other.cancel()
            raise
        finally:
            session.connection.execute(
                "reset max_parallel_maintenance_workers; reset maintenance_work_mem"
            )
        second.result()


def widening(table: sql.Identifier, names: Sequence[str]) -> sql.Composed:
    """Return the statement that gives a raw table more columns of text.

    Args:
        table: the table.
        names: the columns that it lacks.
    """
    columns = sql.SQL(", ").join(
        sql.SQL("add column if not exists {} text").format(sql.Identifier(name)) for name in names
    )
    return sql.SQL("alter table {} {}").format(table, columns)


def analyze(connection: Connection, raw: str, results: Sequence[LoadResult]) -> None:
    """Refresh the planner's statistics of every table that received rows.

    Without new statistics the planner assumes that a new load has no rows, and scans all product
    versions for each of them. This reads a sample: its cost does not grow with the table.

    Args:
        connection: a connection as loader.
        raw: the raw schema.
        results: what was loaded into it.
    """
    succeeded = [result.tables for result in results if result.outcome == "succeeded"]
    for table in sorted({name for tables in succeeded for name, rows in tables.items() if rows}):
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(raw, table)))
