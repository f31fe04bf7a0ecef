"""Land files from a bucket: each once, whole or not at all.

A load is one transaction over one feed: its rows, the record of its files in `raw_files._files` and
its row in `_dlt_loads` are committed together or not at all. A killed load leaves nothing behind
that would have to be taken back; the next one reads the same files again. Only where the warehouse
refuses what a file holds, the load is done in parts, each of them whole, so that the others land.

A file that changed replaces what it brought before: its lines are merged by their number, a line
that it no longer has is marked as deleted, and a line that stayed as it was keeps its load.

dlt's own filesystem source reads each file into a load package on disk and merges by a second copy:
two to three times the cost of `COPY`, without line numbers or rejects. Here files stream straight
into the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ingest.loads import packages, raw_tables
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.files.bucket import Bucket, File, Reading
from ingest.sources.files.columns import OWN_COLUMNS
from ingest.sources.files.feed import Feed
from ingest.sources.files.parquet_files import BATCH_ROWS
from ingest.warehouse import LOADER, Warehouse, trouble

RAW = "raw_files"
STATEMENTS = Statements(__file__)
READINGS = 3
"""So often a file is read that changes while it is read; then it waits for the next run."""

REFUSED_FILES = 10
"""So many files that the warehouse refuses are looked for one by one; more share one reason."""


@dataclass(frozen=True)
class Known:
    """A file as it has landed."""

    size: int
    modified_at: datetime
    etag: str | None
    branch_id: str | None
    parsing: str | None
    is_there: bool

    def is_still(self, file: File, parsing: str) -> bool:
        """Say whether a file is the one that has landed, and is read in the same way."""
        return self == Known(
            file.size, file.modified_at, file.etag, file.branch_id, parsing, is_there=True
        )


@dataclass(frozen=True)
class Target:
    """Where a feed's files land.

    Attributes:
        warehouse: the warehouse.
        connection: the session's connection; the load has one of its own beside it.
        feed: the feed.
        columns: the columns that its table has, without our own.
        known: its files that have landed, by name.
        expected: the columns that models or totals read.
    """

    warehouse: Warehouse
    connection: Connection
    feed: Feed
    columns: Sequence[str]
    known: Mapping[str, Known]
    expected: Sequence[str]

    @property
    def schema_name(self) -> str:
        """What `_dlt_loads` calls the feed's loads."""
        return schema_name(self.feed)


def schema_name(feed: Feed) -> str:
    """Return what `_dlt_loads` calls a feed's loads."""
    return f"files_{feed.name}"


def known_files(connection: Connection, feed: Feed) -> dict[str, Known]:
    """Return a feed's files that have landed, by name.

    Args:
        connection: the session's connection.
        feed: the feed.
    """
    rows = connection.execute(STATEMENTS("known_files"), {"feed": feed.name})
    return {name: Known(*values) for name, *values in rows}


def land(
    target: Target, bucket: Bucket, wanted: Sequence[File], load_id: str
) -> tuple[list[Reading], list[str]]:
    """Land files at once; where the warehouse refuses them, in halves, down to the bad one.

    Args:
        target: where to.
        bucket: where from.
        wanted: the files.
        load_id: the load.

    Returns:
        What each reading found, and the columns that are new.
    """
    readings: list[Reading] = []
    columns: list[str] = []
    parts, refused = [wanted], 0
    while parts:
        part = parts.pop()
        try:
            landed, new = _land(target, bucket, part, load_id, columns)
            readings += landed
            columns += new
        except Exception as error:
            if trouble(error):
                raise
            target.connection.execute("select 1")  # a warehouse that is lost is no file's fault
            if len(part) > 1 and refused < REFUSED_FILES:
                half = len(part) // 2
                parts += [part[half:], part[:half]]
                continue
            refused += 1
            reason = first_line(error).rpartition("ERROR: ")[2].strip()
            readings += [
                Reading(
                    file,
                    error=f"The file {file.name} of the feed {target.feed.name} cannot be loaded "
                    f"({reason}): correct or remove it; the next run reads it again.",
                )
                for file in part
            ]
    return readings, columns


def _land(
    target: Target, bucket: Bucket, wanted: Sequence[File], load_id: str, added: Sequence[str]
) -> tuple[list[Reading], list[str]]:
    """Land files in one transaction; return what each reading found, and which columns are new."""
    feed, known = target.feed, target.known
    with closing(_connect(target.warehouse)) as connection, connection.cursor() as cursor:
        # Waits for a load whose client was killed at its very commit.
        cursor.execute("lock raw_files._files in share row exclusive mode")
        table = sql.Identifier(RAW, feed.name)
        _execute(cursor, STATEMENTS("truncate_empty", table=table))
        _execute(cursor, sql.SQL("create temp table staged (like {}) on commit drop").format(table))
        landing = _Landing(cursor, target, bucket, load_id, added)
        readings = landing.land([file for file in wanted if file.name not in known], RAW, feed.name)
        again = [file for file in wanted if file.name in known]
        readings += landing.land(again, "pg_temp", "staged")
        # After the rows, and in their transaction, while none of them needs a hint to be written.
        key = ["_file_name", "_line_number"]
        _execute(cursor, raw_tables.indexing(RAW, feed.name, "key", key, is_unique=True))
        _execute(cursor, raw_tables.indexing(RAW, feed.name, "load", ["_dlt_load_id"]))
        read = [reading for reading in readings if not (reading.error or reading.changed)]
        if read:
            _stage_files(cursor, read, known)
            if any(reading.file.name in known for reading in read):
                _merge(cursor, table, landing.columns, load_id)
            record = STATEMENTS(
                "record_files",
                feed=sql.Literal(feed.name),
                load_id=sql.Literal(load_id),
                parsing=sql.Literal(feed.parsing),
            )
            _execute(cursor, record)
            _execute(cursor, packages.completion(RAW, target.schema_name, load_id))
        connection.commit()
    return readings, landing.new_columns


def _merge(cursor: Any, table: sql.Identifier, columns: Sequence[str], load_id: str) -> None:
    """Merge the staged lines of files that have landed before."""
    names = [*OWN_COLUMNS, *columns]
    values = [name for name in names if name not in ("_dlt_load_id", "_deleted_at")]
    merge = STATEMENTS(
        "merge_lines",
        table=table,
        columns=_list(names),
        new=_list(names, "excluded"),
        landed_values=_list(values, "landed"),
        new_values=_list(values, "excluded"),
    )
    _execute(cursor, merge)
    _execute(cursor, STATEMENTS("delete_lines", table=table, load_id=sql.Literal(load_id)))


class _Landing:
    """The part of a load that reads files into a table."""

    def __init__(
        self, cursor: Any, target: Target, bucket: Bucket, load_id: str, added: Sequence[str]
    ) -> None:
        """Begin with the columns that the feed's table has.

        Args:
            cursor: ADBC's, in the load's transaction.
            target: where to.
            bucket: where from.
            load_id: the load, which every row names.
            added: columns that earlier parts of the load have added.
        """
        self._cursor, self._feed, self._bucket, self._load_id = cursor, target.feed, bucket, load_id
        self.columns = [*target.columns, *added]
        self.new_columns: list[str] = []
        # Columns that came of other options, like a wrong delimiter, say nothing of the feed; nor
        # do those of a wrong file, where models or totals declare which ones it has.
        is_read = any(file.parsing == self._feed.parsing for file in target.known.values())
        self._first = set(target.expected or (self.columns if is_read or added else []))

    def land(self, wanted: Sequence[File], schema: str, table: str) -> list[Reading]:
        """Read files into a table; those that change meanwhile again, up to three times.

        Args:
            wanted: the files.
            schema: the table's schema.
            table: the table.

        Returns:
            The last reading of each file.
        """
        done: list[Reading] = []
        for attempt in range(1, READINGS + 1):
            readings = [Reading(file) for file in wanted]
            with ThreadPoolExecutor(1) as reader:
                batches = _ahead(reader, _batches(self._tables(readings)))
                for columns, group in groupby(batches, lambda batch: tuple(batch.schema.names)):
                    self._add_columns(columns)
                    stream = pa.RecordBatchReader.from_batches(_schema(columns), group)
                    self._cursor.adbc_ingest(table, stream, mode="append", db_schema_name=schema)
            again = [reading for reading in readings if reading.changed]
            self._take_back([one for one in readings if one.changed or one.error], schema, table)
            wanted = [reading.changed for reading in again if reading.changed]
            done += readings if attempt == READINGS else [r for r in readings if not r.changed]
            if not wanted:
                break
        return done

    def _tables(self, readings: Sequence[Reading]) -> Iterator[pa.Table]:
        for reading in readings:
            for table in self._bucket.read(reading.file, reading):
                problem = self._misfit(table, reading.file)
                if problem:
                    reading.error = problem
                    break
                load_ids = pa.repeat(self._load_id, table.num_rows)
                yield table.append_column("_dlt_load_id", load_ids)

    def _misfit(self, table: pa.Table, file: File) -> str | None:
        """Say why a file cannot be of this feed: it shares no column with all the others."""
        found = [name for name in table.column_names if name not in OWN_COLUMNS]
        if not self._first:
            self._first = set(found)
        if self._first.isdisjoint(found):
            return (
                f"The file {file.name} of the feed {self._feed.name} has none of the feed's "
                f"columns (it has {', '.join(found[:5])}): correct its header, the delimiter in "
                f"{self._feed.section}, or remove the file."
            )
        return None

    def _add_columns(self, columns: Sequence[str]) -> None:
        for name in columns:
            if name not in (*OWN_COLUMNS, *self.columns):
                for table in (sql.Identifier(RAW, self._feed.name), sql.Identifier("staged")):
                    statement = sql.SQL("alter table {} add column {} text")
                    _execute(self._cursor, statement.format(table, sql.Identifier(name)))
                self.columns.append(name)
                self.new_columns.append(name)

    def _take_back(self, readings: Sequence[Reading], schema: str, table: str) -> None:
        names = [reading.file.name for reading in readings if reading.lines]
        if names:
            statement = sql.SQL("delete from {} where _file_name = any({}::text[])").format(
                sql.Identifier(schema, table), sql.Literal(names)
            )
            _execute(self._cursor, statement)


def _schema(columns: Sequence[str]) -> pa.Schema:
    """Return the types that columns land with: text, but for the line's number."""
    number, text = pa.int64(), pa.string()
    return pa.schema([(name, number if name == "_line_number" else text) for name in columns])


def _batches(tables: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
    """Yield tables of the same columns as batches worth sending, also of many small files."""
    for _, group in groupby(tables, lambda table: table.column_names):
        waiting: list[pa.Table] = []
        for table in chain(group, [None]):
            waiting += [table] if table else []
            if waiting and (table is None or sum(map(len, waiting)) >= BATCH_ROWS):
                yield from pa.concat_tables(waiting).combine_chunks().to_batches()
                waiting = []


def _ahead(executor: ThreadPoolExecutor, batches: Iterator[Any]) -> Iterator[Any]:
    """Yield what an iterator yields, while it works on the next one."""
    future = executor.submit(next, batches, None)
    while (batch := future.result()) is not None:
        future = executor.submit(next, batches, None)
        yield batch


def _stage_files(cursor: Any, read: Sequence[Reading], known: Mapping[str, Known]) -> None:
    """Write what was read of each file into a table of the transaction's own."""
    files = [reading.file for reading in read]
    modified = [file.modified_at for file in files]
    table = pa.table(
        {
            "file_name": pa.array([file.name for file in files], pa.string()),
            "branch_id": pa.array([file.branch_id for file in files], pa.string()),
            "size": pa.array([file.size for file in files], pa.int64()),
            "modified_at": pa.array(modified, pa.timestamp("us", "UTC")),
            "etag": pa.array([file.etag for file in files], pa.string()),
            "lines": pa.array([reading.lines for reading in read], pa.int64()),
            "rejects": pa.array([reading.rejects for reading in read], pa.int64()),
            "was_known": pa.array([file.name in known for file in files]),
        }
    )
    cursor.adbc_ingest("files_read", table, mode="create", temporary=True)


def first_line(error: Exception) -> str:
    """Return an error's kind and the first line of its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].rstrip('.') if lines else 'no message'}"


def _list(names: Sequence[str], of: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.Identifier(of, name) if of else sql.Identifier(name) for name in names
    )


def _execute(cursor: Any, statement: sql.Composable) -> None:
    cursor.execute(statement.as_string())


def _connect(warehouse: Warehouse) -> adbc.Connection:
    """Open a connection on which rows stream in Arrow's form, in one transaction."""
    return adbc.connect(
        make_conninfo(
            host=warehouse.host,
            port=warehouse.port,
            dbname=warehouse.database,
            user=warehouse.user,
            password=warehouse.password or None,
            sslmode=warehouse.sslmode,
            application_name="mypizza ingest",
            options=f"-crole={LOADER}",
        )
    )
