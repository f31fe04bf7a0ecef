"""The warehouse as dlt sees it: dlt's Postgres destination, with a copy that streams.

Two things differ from dlt's own Parquet copy:

- dlt hands ADBC a Python generator, which ADBC's DB-API first gathers into one table: the whole
  file stands in memory before its first row is sent, and a file without rows fails. A record batch
  reader is streamed instead, and knows its columns without rows.
- A job may follow a reference. Its file then holds one row, which tells dlt all it must know of the
  table, and the job copies the rows from the source themselves, in one transaction: reading and
  writing overlap, and nothing passes through a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from dlt.common.destination.capabilities import DestinationCapabilitiesContext
from dlt.common.destination.client import LoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.destinations.impl.postgres.factory import postgres
from dlt.destinations.impl.postgres.postgres import PostgresClient, PostgresParquetCopyJob

BATCH_ROWS = 65_536
PIPE_BYTES = 1 << 20

Reference = Callable[[Any, str, str], None]
"""Copies a table's rows, given a psycopg2 cursor, the table's quoted name and the load's id."""

References = dict[str, Reference]
"""By table: what to follow instead of the table's file."""


class StreamingCopyJob(PostgresParquetCopyJob):
    """Copies one Parquet file, or what it stands for, into its table, in one transaction."""

    def __init__(self, file_path: str, load_id: str, reference: Reference | None) -> None:
        super().__init__(file_path)
        self._load = load_id
        self._reference = reference

    def run(self) -> None:
        """Copy the rows; a failure leaves none of them."""
        client = self._job_client.sql_client
        if self._reference is not None:
            with client.begin_transaction(), client.native_connection.cursor() as cursor:
                table = client.make_qualified_table_name(self.load_table_name)
                self._reference(cursor, table, self._load)
            return
        _, schema_name = self._set_catalog_and_schema()
        with pq.ParquetFile(self._file_path) as file, self._connect() as connection:
            batches = file.iter_batches(batch_size=BATCH_ROWS)
            with connection.cursor() as cursor:
                cursor.adbc_ingest(
                    self.load_table_name,
                    pa.RecordBatchReader.from_batches(file.schema_arrow, batches),
                    mode="append",
                    db_schema_name=schema_name,
                )
            connection.commit()


class WarehouseClient(PostgresClient):
    """dlt's Postgres client with the streaming copy."""

    references: References

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """Return the job for one file of a load package."""
        job = super().create_load_job(table, file_path, load_id, restore)
        if isinstance(job, PostgresParquetCopyJob):
            return StreamingCopyJob(file_path, load_id, self.references.get(str(table["name"])))
        return job


class WarehouseDestination(postgres):
    """dlt's Postgres destination with the streaming copy."""

    references: References

    @property
    def client_class(self) -> type[WarehouseClient]:
        """The client that runs this destination's jobs, and knows what to follow."""
        return type("WarehouseClient", (WarehouseClient,), {"references": self.references})

    def capabilities(
        self, config: Any = None, naming: Any = None
    ) -> DestinationCapabilitiesContext:
        """What the destination can do: dlt asks dozens of times, and looks the login up each."""
        return super().capabilities(config or self.spec(), naming)


class SourceFailedError(Exception):
    """It is the source that failed; the cause says how."""


def warehouse_destination(credentials: Any, references: References) -> WarehouseDestination:
    """Return the destination for one run.

    Args:
        credentials: dlt's Postgres credentials of the warehouse.
        references: filled while extracting, followed while loading.
    """
    destination = WarehouseDestination(credentials=credentials, destination_name="warehouse")
    destination.references = references
    return destination


def copy_across(
    source: sa.Engine,
    query: str,
    cursor: Any,
    table: str,
    columns: Sequence[str],
    constants: Mapping[str, str],
    *,
    is_first: bool,
) -> int:
    """Copy a query's rows from one Postgres into another, in Postgres' own binary form.

    Args:
        source: an engine with the driver psycopg2 on the database to read.
        query: what to read; its columns have exactly the target's types.
        cursor: a psycopg2 cursor on the database to write, in a transaction of the caller's.
        table: the table to write, quoted.
        columns: its columns in the query's order.
        constants: texts that are the same in every row, by the column that holds them.
        is_first: no load is complete yet, so the table holds at most debris. Emptied in the same
            transaction, it is written without a log of every row and needs no later freezing.

    Returns:
        How many rows were copied.

    Raises:
        SourceFailedError: the database to read failed, not the one to write.
    """
    names = [_quoted(name) for name in columns]
    texts = {
        _quoted(name): cursor.mogrify("cast(%s as text)", [text]).decode()
        for name, text in constants.items()
    }
    options = "format binary"
    if is_first:
        cursor.execute(f"truncate {table}")
        options += ", freeze"
        # Defaults, for this transaction, need not be sent with every row: a sixth of the time. The
        # table is locked by `truncate` anyway.
        for name, text in texts.items():
            cursor.execute(f"alter table {table} alter {name} set default {text}")
    else:
        names += texts
        selected = ", ".join(("own.*", *texts.values()))
        query = f"select {selected} from ({query}) as own"  # noqa: S608 - all of it is quoted
    statement = f"copy {table} ({', '.join(names)}) from stdin ({options})"
    _stream(source, f"copy ({query}) to stdout (format binary)", cursor, statement)
    copied = int(cursor.rowcount)
    for name in texts if is_first else ():
        cursor.execute(f"alter table {table} alter {name} drop default")
    return copied


def _stream(source: sa.Engine, sending: str, cursor: Any, receiving: str) -> None:
    """Send what one statement copies from a database to another that copies it into the cursor's.

    Raises:
        SourceFailedError: the database to read failed, not the one to write.
    """
    read_end, write_end = os.pipe()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            with os.fdopen(write_end, "wb", buffering=PIPE_BYTES) as pipe:
                connection = source.raw_connection()
                try:
                    connection.cursor().copy_expert(sending, pipe)
                finally:
                    connection.close()
        except BaseException as error:  # raised below, in the thread that knows what to do
            failures.append(error)

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        with os.fdopen(read_end, "rb", buffering=0) as pipe:
            cursor.copy_expert(receiving, pipe, size=PIPE_BYTES)
    except Exception:
        # A source that fails cuts the stream short: then its error is the one that matters.
        reader.join(timeout=1)
        if failures and not isinstance(failures[0], BrokenPipeError):
            raise SourceFailedError from failures[0]
        raise
    reader.join()
    if failures:
        raise SourceFailedError from failures[0]


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
