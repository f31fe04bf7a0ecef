"""Land files from a bucket: each once, whole or not at all.

A load is one transaction over one feed: its rows, the record of its files in `raw_files._files` and
its row in `_dlt_loads` come to stand together or not at all. A killed load leaves nothing behind
that would have to be taken back; the next one reads the same files again. Only where the warehouse
refuses what a file holds, the load is done in parts, each of them whole, so that the others land.

A file that changed replaces what it brought before: its lines are merged by their number, a line
that it no longer has is marked as deleted, and a line that stayed as it was keeps its load.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
import yaml
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ingest import pipeline
from ingest.pipeline import Connection, LoadResult
from ingest.sources import files
from ingest.sources.files import Bucket, Feed, FeedError, File, Reading
from ingest.warehouse import LOADER, PROJECT_DIR, Warehouse, WarehouseError, trouble

if TYPE_CHECKING:
    from psycopg.sql import Composable

RAW = "raw_files"
READINGS = 3
"""So often a file is read that changes while it is read; then it waits for the next run."""

REFUSED_FILES = 10
"""So many files that the warehouse refuses are looked for one by one; more share one reason."""

SHOWN_FILES = 5
"""So many of the files that failed are named beside the first."""

SCHEMA = """
create schema if not exists raw_files;

create table if not exists raw_files._dlt_loads (
    load_id text not null,
    schema_name text,
    status bigint not null,
    inserted_at timestamptz not null,
    schema_version_hash text
);

create table if not exists raw_files._files (
    feed text not null,
    file_name text not null,
    branch_id text,
    size bigint not null,
    modified_at timestamptz not null,
    etag text,
    lines bigint not null,
    rejects bigint not null,
    load_id text not null,
    first_seen_at timestamptz not null default now(),
    read_at timestamptz not null default now(),
    vanished_at timestamptz,
    primary key (feed, file_name)
);

alter table raw_files._files add column if not exists parsing text;

create table if not exists raw_files._feeds (
    feed text primary key,
    branch_id text,
    format text not null,
    encoding text not null,
    delimiter text not null,
    decimal_separator text not null,
    thousands_separator text not null,
    currency_sign text not null,
    date_format text not null,
    time_format text not null,
    negative_quantity text not null
);
"""

FEED_TABLE = """
create table if not exists {table} (
    branch_id text,
    _file_name text not null,
    _line_number bigint not null,
    _reject text,
    _deleted_at timestamptz,
    _dlt_load_id text not null
)
"""

RECORD_FILES = """
insert into raw_files._files as known (
    feed, file_name, branch_id, size, modified_at, etag, lines, rejects, load_id, parsing
)
select {feed}, file_name, branch_id, size, modified_at, etag, lines, rejects, {load_id}, {parsing}
from files_read
on conflict (feed, file_name) do update set
    branch_id = excluded.branch_id,
    size = excluded.size,
    modified_at = excluded.modified_at,
    etag = excluded.etag,
    lines = excluded.lines,
    rejects = excluded.rejects,
    load_id = excluded.load_id,
    parsing = excluded.parsing,
    read_at = excluded.read_at,
    vanished_at = null
"""

# What did not change keeps its load: whoever asks for what is new does not meet it again.
MERGE_LINES = """
insert into {table} as landed ({columns})
select {columns} from staged
on conflict (_file_name, _line_number) do update set ({columns}) = row({excluded})
where (landed._deleted_at, {landed_values}) is distinct from (null, {excluded_values})
"""

DELETE_LINES = """
update {table} as landed
set _deleted_at = now(), _dlt_load_id = {load_id}
where
    landed._deleted_at is null
    and landed._file_name in (select file_name from files_read where was_known)
    and not exists (
        select 1 from staged
        where
            staged._file_name = landed._file_name
            and staged._line_number = landed._line_number
    )
"""


def run(
    warehouse: Warehouse, connection: Connection, branches: Sequence[str] | None
) -> list[LoadResult]:
    """Load every feed, and hold the tills' exports against their own totals.

    Args:
        warehouse: where to.
        connection: an autocommitting connection to it.
        branches: only feeds with files of these, and of them these files; default all.

    Returns:
        One result per load. A feed that fails does not stop the others.
    """
    from ingest import totals

    try:
        feeds = files.configured_feeds(branches)
    except FeedError as error:
        return [LoadResult("files", None, "incremental", 0, {}, 0.0, "failed", str(error))]
    prepare(connection, feeds)
    results = [load_feed(warehouse, connection, feed, branches) for feed in feeds]
    pipeline.analyze(connection, results, RAW)
    for export in totals.exports(feeds):
        results += totals.reconcile_export(warehouse, connection, export)
    return results


def modelled_feeds() -> dict[str, list[str]]:
    """Return the feeds that the models read, with their columns, from the sources' YAML.

    Their tables are there before their first file is: a chain that has none yet builds, too.
    """
    feeds = {}
    for file in sorted(PROJECT_DIR.glob("models/staging/*/_*__sources.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"] if source.get("schema") == RAW else ():
                columns = [column["name"] for column in table.get("columns", ())]
                own = [name for name in columns if name[0] != "_" and name != "branch_id"]
                if own and table["name"][0] != "_":
                    feeds[table["name"]] = own
    return feeds


def expected_columns(feed: Feed) -> list[str]:
    """Return the columns that the models read of a feed, or that its export's totals name."""
    totals = [one.totals for one in files.configured_feeds() if one.totals]
    named = [column for one in totals if one.feed == feed.name for column in one.columns]
    return modelled_feeds().get(feed.name) or named


def prepare(connection: Connection, feeds: Sequence[Feed]) -> None:
    """Make the tables that all feeds share, and write down how each feed is written."""
    connection.execute(SCHEMA)
    for name, modelled in modelled_feeds().items():
        table = sql.Identifier(RAW, name)
        with connection.transaction():
            connection.execute(sql.SQL(FEED_TABLE).format(table=table))
            for column in modelled:
                connection.execute(
                    sql.SQL("alter table {} add column if not exists {} text").format(
                        table, sql.Identifier(column)
                    )
                )
    columns = [
        column.name
        for column in connection.execute("select * from raw_files._feeds limit 0").description or ()
    ]
    statement = sql.SQL(
        "insert into raw_files._feeds as known ({columns}) values ({values})"
        " on conflict (feed) do update set ({columns}) = row({excluded})"
        " where known is distinct from excluded returning xmax <> 0"
    ).format(
        columns=_list(columns),
        values=sql.SQL(", ").join(sql.Placeholder(column) for column in columns),
        excluded=_list(columns, "excluded"),
    )
    for feed in feeds:
        facts = {**asdict(feed), "feed": feed.name, "branch_id": feed.branch}
        with connection.transaction():
            written = connection.execute(statement, {column: facts[column] for column in columns})
            if written.fetchone() == (True,):
                _redate(connection, feed)


def _redate(connection: Connection, feed: Feed) -> None:
    """Give all rows of a feed a new load: its dialect has changed, so they say something else."""
    if not pipeline.exists(connection, f"{RAW}.{feed.name}"):
        return
    load_id = str(time.time())
    connection.execute(
        sql.SQL("update {} set _dlt_load_id = %s").format(sql.Identifier(RAW, feed.name)),
        [load_id],
    )
    connection.execute(
        "insert into raw_files._dlt_loads (load_id, schema_name, status, inserted_at)"
        " values (%s, %s, 0, now())",
        [load_id, f"files_{feed.name}"],
    )


def load_feed(
    warehouse: Warehouse,
    connection: Connection,
    feed: Feed,
    branches: Sequence[str] | None = None,
    again: Sequence[str] = (),
) -> LoadResult:
    """Land what is new or changed of one feed, and record the load in audit.loads.

    Args:
        warehouse: where to.
        connection: an autocommitting connection to it.
        feed: the feed, after `prepare`.
        branches: only files of these; default all.
        again: files, by name, that are read although they have not changed.

    Returns:
        What was loaded, or why not.
    """
    is_initial = pipeline.last_complete_load(connection, f"files_{feed.name}", RAW) is None
    kind = "heal" if again else "initial" if is_initial else "incremental"
    with pipeline.record(connection, "files", feed.branch, kind, {"feed": feed.name}) as entry:
        try:
            bucket = Bucket(feed)
            known = _known(connection, feed)
            present = [
                file
                for file in bucket.files()
                if not branches or file.branch_id is None or file.branch_id in branches
            ]
            wanted = [
                file
                for file in present
                if known.get(file.name) != (*file.version, file.branch_id, feed.parsing, True)
                or file.name in again
            ]
            notes = _note_vanished(connection, feed, known, present, branches)
            readings: Sequence[Reading] = ()
            if wanted:
                entry.load_id = str(time.time())  # dlt's own ids are such seconds
                readings, columns = _land_apart(
                    warehouse, connection, feed, bucket, wanted, known, entry.load_id
                )
                if columns and not is_initial:
                    notes.append(f"New columns in the feed {feed.name}: {', '.join(columns)}.")
            entry.row_count = sum(reading.lines for reading in readings)
            entry.tables[feed.name] = {
                "rows": entry.row_count,
                "files": sum(1 for reading in readings if not reading.error),
                "rejects": sum(reading.rejects for reading in readings),
            }
            entry.notes = tuple(notes + _notes(feed, readings))
            entry.error = _problem([reading for reading in readings if reading.error])
        except WarehouseError as error:
            entry.error = str(error)
        except Exception as error:  # one feed's trouble stays with that feed
            entry.error = f"The feed {feed.name} could not be landed: {_first_line(error)}."
    return LoadResult(
        source="files",
        branch_id=feed.branch,
        kind=kind,
        row_count=entry.row_count,
        tables={feed.name: entry.row_count},
        seconds=entry.seconds,
        outcome="failed" if entry.error else "succeeded",
        error=entry.error,
        notes=entry.notes,
    )


def _land_apart(
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
            reason = _first_line(error).rpartition("ERROR: ")[2].strip()
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

        def execute(statement: str, **parts: Composable | str) -> None:
            composed = {
                name: part if isinstance(part, sql.Composable) else sql.Literal(part)
                for name, part in parts.items()
            }
            cursor.execute(sql.SQL(statement).format(**composed).as_string())

        # Waits for a load whose client was killed at its very commit.
        execute("lock raw_files._files in share row exclusive mode")
        execute(FEED_TABLE, table=table)
        execute("create temp table staged (like {table}) on commit drop", table=table)
        landing = _Landing(cursor, feed, bucket, load_id)
        readings = landing.land([file for file in wanted if file.name not in known], RAW, feed.name)
        readings += landing.land(
            [file for file in wanted if file.name in known], "pg_temp", "staged"
        )
        for suffix, columns in (("key", "_file_name, _line_number"), ("load", "_dlt_load_id")):
            execute(
                f"create {'unique' if suffix == 'key' else ''} index if not exists {{name}}"
                f" on {{table}} ({columns})",
                name=sql.Identifier(f"{feed.name}_{suffix}"),
                table=table,
            )
        read = [reading for reading in readings if not (reading.error or reading.changed)]
        if read:
            _stage_files(cursor, read, known)
            if any(reading.file.name in known for reading in read):
                names = [*files.OWN_COLUMNS, *landing.columns]
                values = [name for name in names if name not in ("_dlt_load_id", "_deleted_at")]
                execute(
                    MERGE_LINES,
                    table=table,
                    columns=_list(names),
                    excluded=_list(names, "excluded"),
                    landed_values=_list(values, "landed"),
                    excluded_values=_list(values, "excluded"),
                )
                execute(DELETE_LINES, table=table, load_id=load_id)
            execute(RECORD_FILES, feed=feed.name, load_id=load_id, parsing=feed.parsing)
            execute(
                "insert into raw_files._dlt_loads (load_id, schema_name, status, inserted_at)"
                " select {load_id}, {name}, 0, now() where not exists"
                " (select 1 from raw_files._dlt_loads where load_id = {load_id})",
                load_id=load_id,
                name=f"files_{feed.name}",
            )
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
        self.columns = [name for name in table.column_names if name not in files.OWN_COLUMNS]
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
        found = [name for name in table.column_names if name not in files.OWN_COLUMNS]
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
            if name not in (*files.OWN_COLUMNS, *self.columns):
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
            if waiting and (table is None or sum(map(len, waiting)) >= files.BATCH_ROWS):
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


def _known(connection: Connection, feed: Feed) -> dict[str, tuple[Any, ...]]:
    """Return the feed's files that landed, by name: what they were, how read, whether there."""
    rows = connection.execute(
        "select file_name, size, modified_at, etag, branch_id, parsing, vanished_at is null"
        " from raw_files._files where feed = %s",
        [feed.name],
    )
    return {row[0]: row[1:] for row in rows}


def _note_vanished(
    connection: Connection,
    feed: Feed,
    known: Mapping[str, tuple[Any, ...]],
    present: Sequence[File],
    branches: Sequence[str] | None,
) -> list[str]:
    """Write down which files are gone from the bucket, and say so once; their rows stay."""
    there = {file.name for file in present}
    gone = sorted(name for name, version in known.items() if version[-1] and name not in there)
    if not gone:
        return []
    cursor = connection.execute(
        "update raw_files._files set vanished_at = now() where feed = %s and file_name = any(%s)"
        " and (%s::text[] is null or branch_id is null or branch_id = any(%s))",
        [feed.name, gone, branches, branches],
    )
    if not cursor.rowcount:
        return []
    return [
        f"{cursor.rowcount} file(s) of the feed {feed.name} are gone from the bucket, first "
        f"{gone[0]}; their rows stay."
    ]


def _notes(feed: Feed, readings: Sequence[Reading]) -> list[str]:
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


def _problem(failed: Sequence[Reading]) -> str | None:
    """Return the first file's error, and which others have one."""
    if not failed:
        return None
    names = [reading.file.name for reading in failed[1:]]
    others = ", ".join(names[:SHOWN_FILES]) + (", …" if len(names) > SHOWN_FILES else "")
    more = f" So it is with {len(names)} other file(s) of the feed: {others}." if names else ""
    return f"{failed[0].error}{more}"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].rstrip('.') if lines else 'no message'}"


def _list(names: Sequence[str], of: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.Identifier(of, name) if of else sql.Identifier(name) for name in names
    )


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
