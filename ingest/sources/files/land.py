"""Land files: each once, whole or not at all.

A load is one transaction over one feed: its rows, the record of its files in `raw_files._files` and
its row in `_dlt_loads` come to be there together or not at all. A killed load leaves nothing behind
that would have to be taken back; the next one reads the same files again. Only where the warehouse
refuses what a file holds, the load is done in parts, each of them whole, so that the others land.

A file that changed replaces what it brought before: its lines are merged by their number, a line
that it no longer has is marked as deleted, and a line that stayed as it was keeps its load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.files.bucket import Bucket
from ingest.sources.files.columns import OWN_COLUMNS
from ingest.sources.files.feed import Feed
from ingest.sources.files.reading import File, Reading
from ingest.sources.files.rows import BATCH_ROWS
from ingest.sources.files.tables import RAW, expected_columns, modelled_feeds, names_of
from ingest.warehouse import LOADER, Warehouse, trouble

STATEMENTS = Statements(__file__)

READINGS = 3
"""So often a file is read that changes while it is read; then it waits for the next run."""

REFUSED_FILES = 10
"""So many files that the warehouse refuses are looked for one by one; more share one reason."""

SHOWN_FILES = 5
"""So many of the files that failed are named beside the first."""


def land_apart(
    warehouse: Warehouse,
    connection: Connection,
    feed: Feed,
    bucket: Bucket,
    wanted: Sequence[File],
    known: Mapping[str, Any],
    load_id: str,
) -> tuple[list[Reading], list[str]]:
    """Land files at once; where the warehouse refuses them, in halves, down to the bad one."""
    readings: list[Reading] = []
    columns: list[str] = []
    parts, refused = [wanted], 0
    while parts:
        part = parts.pop()
        try:
            landed, new = _land(warehouse, feed, bucket, part, known, load_id)
            readings += landed
            columns += new
        except Exception as error:
            if trouble(error):
                raise
            connection.execute("select 1")  # a warehouse that is lost is no file's fault
            if len(part) > 1 and refused < REFUSED_FILES:
                half = len(part) // 2
                parts += [part[half:], part[:half]]
                continue
            refused += 1
            reason = first_line(error).rpartition("ERROR: ")[2].strip()
            readings += [
                Reading(
                    file,
                    error=f"The file {file.name} of the feed {feed.name} cannot be landed "
                    f"({reason}): correct it, or move it away; the next run reads it again.",
                )
                for file in part
            ]
    return readings, columns


def _land(
    warehouse: Warehouse,
    feed: Feed,
    bucket: Bucket,
    wanted: Sequence[File],
    known: Mapping[str, Any],
    load_id: str,
) -> tuple[list[Reading], list[str]]:
    """Land files in one transaction; return what each reading found, and which columns are new."""
    table = sql.Identifier(RAW, feed.name)
    with _connect(warehouse) as connection, connection.cursor() as cursor:

        def execute(name: str, **parts: sql.Composable | str) -> None:
            cursor.execute(STATEMENTS(name, **parts).as_string())

        # Waits for a load whose client was killed at its very commit.
        cursor.execute("lock raw_files._files in share row exclusive mode")
        execute("feed_table", table=table)
        execute("stage_lines", table=table)
        landing = _Landing(cursor, feed, bucket, load_id)
        readings = landing.land([file for file in wanted if file.name not in known], RAW, feed.name)
        readings += landing.land(
            [file for file in wanted if file.name in known], "pg_temp", "staged"
        )
        execute("index_key", table=table, index=f"{feed.name}_key")
        execute("index_load", table=table, index=f"{feed.name}_load")
        read = [reading for reading in readings if not (reading.error or reading.changed)]
        if read:
            _stage_files(cursor, read, known)
            if any(reading.file.name in known for reading in read):
                names = [*OWN_COLUMNS, *landing.columns]
                values = [name for name in names if name not in ("_dlt_load_id", "_deleted_at")]
                execute(
                    "merge_lines",
                    table=table,
                    columns=names_of(names),
                    excluded=names_of(names, "excluded"),
                    landed_values=names_of(values, "landed"),
                    excluded_values=names_of(values, "excluded"),
                )
                execute("delete_lines", table=table, load_id=sql.Literal(load_id))
            load, name = sql.Literal(load_id), sql.Literal(feed.schema_name)
            facts = {"feed": sql.Literal(feed.name), "parsing": sql.Literal(feed.parsing)}
            execute("record_files", load_id=load, **facts)
            execute("complete_feed_load", load_id=load, schema_name=name)
        connection.commit()
    return readings, landing.new_columns


class _Landing:
    """The part of a load that reads files into a table."""

    def __init__(self, cursor: Any, feed: Feed, bucket: Bucket, load_id: str) -> None:
        """Find out which columns the feed's table has.

        Args:
            cursor: ADBC's, in the load's transaction.
            feed: the feed.
            bucket: its folder.
            load_id: the load's id, which every row gets.
        """
        self._cursor, self._feed, self._bucket, self._load_id = cursor, feed, bucket, load_id
        statement = sql.SQL("select * from {} limit 0").format(sql.Identifier(RAW, feed.name))
        cursor.execute(statement.as_string())
        table = cursor.fetch_arrow_table()
        self.columns = [name for name in table.column_names if name not in OWN_COLUMNS]
        statement = sql.SQL(
            "select 1 from raw_files._files where feed = {} and parsing = {} limit 1"
        ).format(feed.name, feed.parsing)
        cursor.execute(statement.as_string())
        # Columns that came of other options, like a wrong delimiter, say nothing of the feed; nor
        # do those of a wrong file, where models or totals declare which ones it has.
        is_read = cursor.fetchone() is not None
        declared = expected_columns(feed)
        self._first = set(declared or (self.columns if is_read else []))
        self.new_columns: list[str] = []

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
                f"{self._feed.section}, or move it away."
            )
        return None

    def _add_columns(self, columns: Sequence[str]) -> None:
        for name in columns:
            if name not in (*OWN_COLUMNS, *self.columns):
                for table in (sql.Identifier(RAW, self._feed.name), sql.Identifier("staged")):
                    statement = sql.SQL("alter table {} add column {} text")
                    self._cursor.execute(statement.format(table, sql.Identifier(name)).as_string())
                self.columns.append(name)
                self.new_columns.append(name)

    def _take_back(self, readings: Sequence[Reading], schema: str, table: str) -> None:
        names = [reading.file.name for reading in readings if reading.lines]
        if names:
            statement = sql.SQL("delete from {} where _file_name = any({}::text[])").format(
                sql.Identifier(schema, table), sql.Literal(names)
            )
            self._cursor.execute(statement.as_string())


def _schema(columns: Sequence[str]) -> pa.Schema:
    """Return the types that columns land with: text, but for the line's number."""
    number, text = pa.int64(), pa.string()
    return pa.schema([(name, number if name == "_line_number" else text) for name in columns])


def _batches(tables: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
    """Yield tables of the same columns as batches worth sending, be they of many small files."""
    for _, group in groupby(tables, lambda table: table.column_names):
        waiting: list[pa.Table] = []
        for table in chain(group, [None]):
            waiting += [table] if table else []
            if waiting and (table is None or sum(map(len, waiting)) >= BATCH_ROWS):
                yield from pa.concat_tables(waiting).combine_chunks().to_batches()
                waiting = []


def _ahead(executor: ThreadPoolExecutor, batches: Iterator[Any]) -> Iterator[Any]:
    """Yield what an iterator yields, which works on the next one meanwhile."""
    future = executor.submit(next, batches, None)
    while (batch := future.result()) is not None:
        future = executor.submit(next, batches, None)
        yield batch


def _stage_files(cursor: Any, read: Sequence[Reading], known: Mapping[str, Any]) -> None:
    """Write what was read of each file into a table of the transaction's own."""
    table = pa.table(
        {
            "file_name": pa.array([reading.file.name for reading in read], pa.string()),
            "branch_id": pa.array([reading.file.branch_id for reading in read], pa.string()),
            "size": pa.array([reading.file.size for reading in read], pa.int64()),
            "modified_at": pa.array(
                [reading.file.modified_at for reading in read], pa.timestamp("us", "UTC")
            ),
            "etag": pa.array([reading.file.etag for reading in read], pa.string()),
            "lines": pa.array([reading.lines for reading in read], pa.int64()),
            "rejects": pa.array([reading.rejects for reading in read], pa.int64()),
            "was_known": pa.array([reading.file.name in known for reading in read]),
        }
    )
    cursor.adbc_ingest("files_read", table, mode="create", temporary=True)


def notes_on(feed: Feed, readings: Sequence[Reading]) -> list[str]:
    """Return what a person should know although the files were read, one sentence each."""
    notes = [note for reading in readings for note in reading.notes]
    rejects = [reading for reading in readings if reading.rejects and not reading.error]
    if rejects:
        notes.append(
            f"{sum(one.rejects for one in rejects)} line(s) of the feed {feed.name} do not fit "
            "their header and wait "
            f"{'in quarantine' if feed.name in modelled_feeds() else 'in its column _reject'}, "
            f"first in {rejects[0].file.name}."
        )
    notes += [
        f"The file {reading.file.name} of the feed {feed.name} kept changing while it was read: "
        "the next run reads it."
        for reading in readings
        if reading.changed
    ]
    return notes


def problem_of(failed: Sequence[Reading]) -> str | None:
    """Return the first file's error, and which others have one."""
    if not failed:
        return None
    names = [reading.file.name for reading in failed[1:]]
    others = ", ".join(names[:SHOWN_FILES]) + (", …" if len(names) > SHOWN_FILES else "")
    more = f" So it is with {len(names)} other file(s) of the feed: {others}." if names else ""
    return f"{failed[0].error}{more}"


def first_line(error: Exception) -> str:
    """Return an error's kind and the first line of its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].rstrip('.') if lines else 'no message'}"


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
