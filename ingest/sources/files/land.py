"""Land files from a bucket: each once, whole or not at all.

A load is one transaction over one feed: its rows, the record of its files in `raw_files._files` and
its row in `_dlt_loads` are committed together or not at all. A killed load leaves nothing behind
that would have to be taken back; the next one reads the same files again. Only where a file changes
while it is read, or the warehouse refuses what a file holds, the load is done in parts, each of
them whole, so that the others land.

A file that changed replaces what it brought before: its lines are merged by their number, a line
that it no longer has is marked as deleted, and a line that stayed as it was keeps its load. A long
file that begins with all that it was, as a digest says, is read from where it ended.

dlt's own filesystem source reads each file into a load package on disk and merges by a second copy:
two to three times the cost of `COPY`, without line numbers or rejects. Here files stream straight
into the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ingest.loads import packages, raw_tables
from ingest.loads.modelled import modelled
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.files.bucket import Bucket, File, Reading
from ingest.sources.files.columns import OWN_COLUMNS
from ingest.sources.files.feed import Feed
from ingest.sources.files.misfit import misfit
from ingest.sources.files.text import Position, Track
from ingest.warehouse import reason, trouble

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

RAW = "raw_files"
STATEMENTS = Statements(__file__)

READINGS = 3
"""So often a file is read that changes while it is read; then it waits for the next run."""

REFUSED_FILES = 10
"""So many files that the warehouse refuses are looked for one by one; more share one reason."""


class Known(NamedTuple):
    """A file that has landed.

    Attributes:
        is_current: whether it is still there and would be read alike.
        version: its version then.
        end: up to where it was read, if a longer one can be read from there.
    """

    is_current: bool
    version: list[Any]
    end: Position | None

    def is_same(self, file: File) -> bool:
        """Say whether a file is as it was."""
        return self.is_current and self.version == file.version

    def track(self, file: File) -> Track:
        """Return where to read a file from: one that has grown, from where it ended."""
        branch_id, size, *_ = self.version
        has_grown = self.is_current and branch_id == file.branch_id and size < file.size
        return Track(self.end if has_grown else None)


def schema_name(feed: Feed) -> str:
    """Return what `_dlt_loads` calls a feed's loads."""
    return f"files_{feed.name}"


def known_files(connection: Connection, feed: Feed) -> dict[str, Known]:
    """Return a feed's files that have landed, by name.

    Args:
        connection: the session's connection.
        feed: the feed.
    """
    values = {"feed": feed.name, "parsing": feed.parsing}
    rows = connection.execute(STATEMENTS("known_files"), values)
    return {
        name: Known(is_current, version, Position(*end) if end[0] else None)
        for name, is_current, *end, branch_id, size, modified_at, etag in rows
        for version in [[branch_id, size, modified_at, etag]]
    }


def columns(connection: Connection, feed: Feed) -> list[str]:
    """Return the columns that a feed's table has, without our own.

    Args:
        connection: the session's connection.
        feed: the feed.
    """
    names = raw_tables.columns(connection, RAW).get(feed.name, ())
    return [name for name in names if name not in OWN_COLUMNS]


def emptied(feed: Feed, names: Sequence[str]) -> sql.Composable:
    """Return what takes the values out of lines that are gone, as a guest asked to be.

    Args:
        feed: their feed. Those of a till's export keep theirs: they name no guests.
        names: the columns of its table, without our own.
    """
    told = ["_reject", *names] if feed.name in modelled(RAW, "files") else []
    return sql.SQL("").join(sql.SQL(", {} = null").format(sql.Identifier(name)) for name in told)


@dataclass
class Load:
    """One load of a feed.

    Attributes:
        load_id: its id, which every row names.
        connection: the session's connection; each part of the load has its own beside it.
        bucket: where the files come from.
        known: the feed's files that have landed, by name.
        expected: the columns that models or totals read.
        refused: how many times the warehouse has refused a part that was not halved.
    """

    load_id: str
    connection: Connection
    bucket: Bucket
    known: Mapping[str, Known]
    expected: Sequence[str]
    refused: int = 0

    def land(self, wanted: Sequence[File]) -> list[Reading]:
        """Land files; those that change while they are read again, up to three times.

        Args:
            wanted: the files.

        Returns:
            The last reading of each file.
        """
        readings: dict[str, Reading] = {}
        for _ in range(READINGS):
            readings |= {reading.file.name: reading for reading in self._land(wanted)}
            wanted = [reading.changed for reading in readings.values() if reading.changed]
            if not wanted:
                break
        return list(readings.values())

    def _land(self, wanted: Sequence[File]) -> list[Reading]:
        """Land files at once; where the warehouse refuses them, in halves, down to the bad one."""
        try:
            return _Part(self).land(wanted)
        except Exception as error:
            if trouble(error):
                raise
            self.connection.execute("select 1")  # a warehouse that is lost is no file's fault
            if len(wanted) == 1 or self.refused >= REFUSED_FILES:
                return self._refuse(wanted, reason(error).rpartition("ERROR: ")[2].strip())
            half = len(wanted) // 2
            return self._land(wanted[:half]) + self._land(wanted[half:])

    def _refuse(self, files: Sequence[File], why: str) -> list[Reading]:
        self.refused += 1
        error = (
            "The file {} of the feed {} cannot be loaded ({}): correct or remove it; the next run "
            "reads it again."
        )
        feed = self.bucket.feed.name
        return [Reading(file, error=error.format(file.name, feed, why)) for file in files]


class _Part:
    """A part of a load, in one transaction."""

    def __init__(self, load: Load) -> None:
        """Begin with the columns that the feed's table has."""
        feed = load.bucket.feed
        self._load, self._feed = load, feed
        self._cursor: adbc.Cursor
        self._table = sql.Identifier(RAW, feed.name)
        self._columns = columns(load.connection, feed)
        # Columns that came of other options, like a wrong delimiter, say nothing of the feed.
        statement = "select 1 from raw_files._files where feed = %s and parsing = %s limit 1"
        landed = load.connection.execute(statement, [feed.name, feed.parsing]).fetchone()
        self._first = set(load.expected or (self._columns if landed else ()))

    def land(self, wanted: Sequence[File]) -> list[Reading]:
        """Land files, and record those that were read to their end.

        Args:
            wanted: the files.

        Returns:
            The reading of each file.
        """
        known, feed = self._load.known, self._feed.name
        new = self._readings([file for file in wanted if file.name not in known])
        old = self._readings([file for file in wanted if file.name in known])
        with ThreadPoolExecutor(1) as reader:
            # The first files are read while the connection opens, which takes a tenth of a second.
            batches, others = (_ahead(reader, self._batches(each)) for each in (new, old))
            with (
                closing(_connect(self._load.connection)) as connection,
                connection.cursor() as cursor,
            ):
                self._cursor = cursor
                # Waits for a load whose client was killed at its very commit.
                cursor.execute("lock raw_files._files in share row exclusive mode")
                self._execute(STATEMENTS("truncate_empty", table=self._table))
                self._execute(STATEMENTS("stage_lines", table=self._table))
                self._execute(STATEMENTS("stage_files"))
                self._copy(new, batches, RAW, feed)
                self._copy(old, others, "pg_temp", "staged")
                # After the rows, and in their transaction, while none of them needs a hint to be
                # written.
                key = ["_file_name", "_line_number"]
                self._execute(raw_tables.indexing(RAW, feed, "key", key, is_unique=True))
                self._execute(raw_tables.indexing(RAW, feed, "load", ["_dlt_load_id"]))
                if whole := [reading for reading in (*new, *old) if reading.is_whole]:
                    self._record(whole)
                connection.commit()
        return [*new, *old]

    def _readings(self, files: Sequence[File]) -> list[Reading]:
        known = self._load.known
        return [
            Reading(file, track=known[file.name].track(file) if file.name in known else Track())
            for file in files
        ]

    def _copy(
        self,
        readings: Sequence[Reading],
        batches: Iterator[pa.RecordBatch],
        schema: str,
        table: str,
    ) -> None:
        """Copy files into a table, and take those back that were not read to their end."""
        for shape, group in groupby(batches, lambda batch: batch.schema):
            self._add_columns(shape.names)
            stream = pa.RecordBatchReader.from_batches(shape, group)
            self._cursor.adbc_ingest(table, stream, mode="append", db_schema_name=schema)
        cut = [reading.file.name for reading in readings if reading.lines and not reading.is_whole]
        if cut:
            statement = sql.SQL("delete from {} where _file_name = any({}::text[])")
            self._execute(statement.format(sql.Identifier(schema, table), sql.Literal(cut)))

    def _batches(self, readings: Sequence[Reading]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of files as they land."""
        for reading in readings:
            ours = {
                "_file_name": reading.file.name,
                "_dlt_load_id": self._load.load_id,
            }
            for table in self._load.bucket.read(reading):
                reading.error = self._misfit(table, reading)
                if reading.error:
                    break
                table = table.append_column("branch_id", self._branches(table, reading.file))
                for name, value in ours.items():
                    column = pa.repeat(pa.scalar(value, pa.string()), len(table))
                    table = table.append_column(name, column)
                yield from table.to_batches()

    def _branches(self, table: pa.Table, file: File) -> pa.Array:
        """Return the branch of each row: the file's, or what a column of it says."""
        feed = self._feed
        if not feed.branch_column or feed.branch_column not in table.column_names:
            return pa.repeat(pa.scalar(file.branch_id, pa.string()), len(table))
        words = pc.utf8_trim_whitespace(table[feed.branch_column])
        called, meant = list(feed.branch_words), list(feed.branch_words.values())
        named = pc.index_in(words, pa.array(called, pa.string()))
        return pc.coalesce(pa.array(meant, pa.string()).take(named), words)

    def _misfit(self, table: pa.Table, reading: Reading) -> str | None:
        """Say why a file cannot be of this feed, if it lacks columns."""
        file = reading.file
        found = [name for name in table.column_names if name not in OWN_COLUMNS]
        # objects of JSON have no column where the last lines are rejects only
        if not found and (reading.track.since or reading.rejects < reading.lines):
            return None
        self._first = self._first or set(found)
        is_continued = reading.track.since is not None
        return misfit(self._feed, file.name, found, self._first, is_continued=is_continued)

    def _add_columns(self, names: Sequence[str]) -> None:
        new = [name for name in names if name not in (*OWN_COLUMNS, *self._columns)]
        if new:
            for table in (self._table, sql.Identifier("staged")):
                self._execute(raw_tables.widening(table, new))
            self._columns += new

    def _record(self, readings: Sequence[Reading]) -> None:
        """Merge the lines of files that have landed before, and write down what was read."""
        load_id, feed = self._load.load_id, self._feed
        files = [
            {
                "feed": feed.name,
                "file_name": reading.file.name,
                "branch_id": reading.file.branch_id,
                "size": reading.file.size,
                "modified_at": reading.file.modified_at,
                "etag": reading.file.etag,
                "lines": reading.lines,
                "rejects": reading.rejects,
                "load_id": load_id,
                "parsing": feed.parsing,
                "first_line": since.next_line if (since := reading.track.since) else 0,
                **(reading.track.end or Position(0, "", 0))._asdict(),
            }
            for reading in readings
        ]
        table = pa.Table.from_pylist(files)
        self._cursor.adbc_ingest("files_read", table, mode="append", db_schema_name="pg_temp")
        if any(reading.file.name in self._load.known for reading in readings):
            names = [*OWN_COLUMNS, *self._columns]
            values = [name for name in names if name not in ("_dlt_load_id", "_deleted_at")]
            merge = STATEMENTS(
                "merge_lines",
                table=self._table,
                columns=_list(names),
                new=_list(names, "excluded"),
                landed_values=_list(values, "landed"),
                new_values=_list(values, "excluded"),
            )
            self._execute(merge)
            delete = STATEMENTS("delete_lines", table=self._table, load_id=sql.Literal(load_id),
                                emptied=emptied(feed, self._columns))  # fmt: skip
            self._execute(delete)
        self._execute(STATEMENTS("record_files"))
        self._execute(packages.completion(RAW, schema_name(feed), load_id))

    def _execute(self, statement: sql.Composable) -> None:
        self._cursor.execute(statement.as_string())


def _ahead(executor: ThreadPoolExecutor, batches: Iterator[Any]) -> Iterator[Any]:
    """Yield what an iterator yields, while it works on the next one, and on the first at once."""
    first = executor.submit(next, batches, None)

    def following() -> Iterator[Any]:
        future = first
        while (batch := future.result()) is not None:
            future = executor.submit(next, batches, None)
            yield batch

    return following()


def _list(names: Sequence[str], *of: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*of, name) for name in names)


def _connect(connection: Connection) -> adbc.Connection:
    """Open one more connection like the session's: on it rows stream in Arrow's form."""
    # For the start-up time: it brings pandas, which takes half a second.
    import adbc_driver_postgresql.dbapi as adbc

    password = connection.info.password or None
    return adbc.connect(make_conninfo(connection.info.dsn, password=password))
