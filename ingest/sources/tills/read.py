"""How a till's tables are read into the shared raw tables.

- From Postgres to Postgres rows go by COPY in Postgres' own binary form: whatever a till can hold
  arrives, also what Arrow cannot say (infinity, NaN, years before Christ).
- From MySQL and MariaDB ConnectorX reads the binary protocol straight into Arrow, several times
  faster than a cursor; dlt writes Arrow to Parquet unchanged and ADBC copies it into Postgres in
  binary form. Either way no value ever becomes text, and '' stays apart from null.
- Every table comes incrementally by its time of change: rows later than the last one seen, and
  earlier than the till's own present. The upper bound matters twice. A row that gets the very
  timestamp of the last one read cannot appear afterwards, so the range is open at its start and
  needs no deduplication (dlt's compares every row at the boundary in Python). And a row dated in
  the future by a wrong clock cannot push the watermark past all that is still to come.
- What a cursor cannot see (late commits, edits without a new timestamp, deletes) is found and
  mended by the comparison; there are no lags here.
- `branch_id` comes first: branches number their rows independently of each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import connectorx
import dlt
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from dlt.common.schema.typing import TDeleteInsertStrategyDict
from dlt.sources.sql_database import BaseTableLoader, sql_table

from ingest.loads.destination import Reference, References, SourceFailedError, copy_across
from ingest.sources.tills.connect import Link, RefusedTableError, TillError, cannot_read
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.landing import as_in_raw, cast, landing, newest, schema
from ingest.sources.tills.survey import Survey

BATCH_ROWS = 100_000
"""Rows per Arrow batch: large enough to be cheap, small enough for little memory."""

# Deletes and inserts by key, and takes a row that was staged twice but once.
MERGE: TDeleteInsertStrategyDict = {"disposition": "merge", "strategy": "delete-insert"}


@dataclass
class Progress:
    """What was read of one table: the record that ends up in audit.loads."""

    rows: int = 0
    first_cursor: datetime | None = None
    last_cursor: datetime | None = None

    def add(self, cursor: pa.Array | None, rows: int) -> None:
        """Count one batch and widen the range of its cursor."""
        self.rows += rows
        if cursor is None or not rows:
            return
        span = pc.min_max(cursor).as_py()
        if span["min"] is not None:
            self.first_cursor = min(self.first_cursor or span["min"], span["min"])
            self.last_cursor = max(self.last_cursor or span["max"], span["max"])


@dataclass(frozen=True)
class Reading:
    """What the loader of one table needs to know beyond what dlt tells it.

    Attributes:
        link: the till and the raw tables.
        table: the table to read.
        references: filled with what is to be copied from till to warehouse without a file between.
        is_first: of no branch is any load complete.
        progress: filled with what was read.
    """

    link: Link
    table: Table
    references: References = field(default_factory=dict)
    is_first: bool = False
    progress: Progress = field(default_factory=Progress)


class TillLoader(BaseTableLoader):
    """Reads one till table in the types that the raw layer uses."""

    def load_rows(self, backend_kwargs: dict[str, Any] | None = None) -> Iterator[pa.Table]:
        """Yield the rows as Arrow tables, at least one, which may be empty: it brings the types.

        From a Postgres till only the newest row comes this way, with its key and its cursor: it
        tells dlt the types, and where the next load goes on. All rows are copied.
        """
        reading: Reading = (backend_kwargs or {})["reading"]
        till = reading.link.till
        landed = [landing(column, till.dialect) for column in self.table.columns]
        arrow_schema = schema(self.table, reading.table, landed)
        where = self._where(reading)
        query = sa.select(*(expression for expression, _ in landed)).where(*where)
        is_copied = till.dialect.name == "postgresql" and self.cursor_column is not None
        if is_copied:
            query = newest(self.table, reading.table, landed, self.cursor_column).where(*where)
        rows = 0
        for batch in read_batches(self.compile_query(query), arrow_schema, reading):
            rows += batch.num_rows
            yield pa.Table.from_batches([batch])
        if not rows:
            yield arrow_schema.empty_table()
        elif is_copied:
            query = sa.select(*as_in_raw(till.branch_id, landed)).where(*where)
            reading.references[reading.table.name] = self._reference(reading, query)

    def _reference(self, reading: Reading, query: sa.Select[Any]) -> Reference:
        """Return what copies the table's rows into the warehouse without a file between."""

        def follow(cursor: Any, table: str, load_id: str) -> None:
            names = ["branch_id", *self.table.columns.keys(), "_dlt_load_id"]
            quote = self.engine.dialect.identifier_preparer.quote_identifier
            marked = query.add_columns(sa.cast(sa.literal(load_id), sa.Text))
            try:
                reading.progress.rows = copy_across(
                    reading.link.till.engine,
                    self.compile_query(marked),
                    cursor,
                    table,
                    ", ".join(map(quote, names)),
                    is_first=reading.is_first,
                )
            except SourceFailedError as error:
                raise TillError(cannot_read(error.__cause__, reading.link.till)) from None

        return follow

    def _where(self, reading: Reading) -> list[sa.ColumnElement[bool]]:
        """Return the conditions that choose the rows to read."""
        if self.cursor_column is None:
            return []
        dialect, cursor = reading.link.till.dialect, self.cursor_column
        fresh = cursor < sa.literal_column(dialect.present)
        if self.last_value is not None:
            fresh = sa.and_(cursor > dialect.literal(self.last_value), fresh)
        # A row without a cursor is read every time: it must not be lost.
        return [sa.or_(fresh, cursor.is_(None)) if cursor.nullable else fresh]


def read_batches(query: str, arrow_schema: pa.Schema, reading: Reading) -> Iterator[pa.RecordBatch]:
    """Yield a query's rows with the branch in front and every column in its type.

    Args:
        query: the query, in the till's SQL.
        arrow_schema: the raw table's.
        reading: the table that is read.

    Raises:
        RefusedTableError: a value that Postgres cannot hold.
    """
    till = reading.link.till
    address = till.url.set(drivername=till.url.get_backend_name())
    reader = connectorx.read_sql(
        address.render_as_string(hide_password=False),
        query,
        protocol="binary",
        return_type="arrow_stream",
        batch_size=BATCH_ROWS,
        pre_execution_query=till.dialect.session,
    )
    branch, alive = pa.array([], pa.string()), pa.nulls(0, arrow_schema.field("_deleted_at").type)
    for batch in reader:
        rows = batch.num_rows
        if not rows:
            continue
        if len(branch) < rows:
            branch = pa.repeat(pa.scalar(till.branch_id), rows)
            alive = pa.nulls(rows, alive.type)
        columns = [
            cast(column, column_field.type)
            for column, column_field in zip(batch.columns, list(arrow_schema)[1:-1], strict=True)
        ]
        finished = pa.RecordBatch.from_arrays(
            [branch.slice(0, rows), *columns, alive.slice(0, rows)], schema=arrow_schema
        )
        _refuse_nul(finished, reading)
        cursor = reading.table.changed_at
        reading.progress.add(finished[cursor] if cursor else None, rows)
        yield finished


def _refuse_nul(batch: pa.RecordBatch, reading: Reading) -> None:
    """Name the first value that Postgres cannot hold: a text with a NUL in it."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if not pa.types.is_string(column.type):
            continue
        found = pc.index(pc.match_substring(column, "\0"), True).as_py()
        if found >= 0:
            table, key = reading.table, reading.table.key
            raise RefusedTableError(
                table.name,
                f"The column {table.name}.{name} of the till of {reading.link.branch_id} holds a "
                f"NUL character where {key} is {batch[key][found].as_py()}, which Postgres cannot "
                "store: the table is not loaded until it is removed there.",
            )


def resources(
    link: Link, survey: Survey, references: References, *, is_initial: bool, is_first: bool
) -> tuple[list[Any], dict[str, Progress]]:
    """Return what dlt reads of a till, and what will say how far it came.

    Args:
        link: the till and the raw tables that it fills.
        survey: what can be read.
        references: filled with what is to be copied from till to warehouse without a file between.
        is_initial: of this branch no load is complete: append, there being nothing to merge with.
        is_first: of no branch is any load complete.

    Returns:
        One dlt resource per table, and the tables' progress by name.
    """
    found, progress = [], {}
    for table in survey.tables:
        reading = Reading(link, table, references, is_first)
        progress[table.name] = reading.progress
        incremental: dlt.sources.incremental[datetime] | None = None
        if table.changed_at:
            incremental = dlt.sources.incremental(
                table.changed_at,
                range_start="open",
                primary_key=(),
                on_cursor_value_missing="include",
            )
        resource = sql_table(
            credentials=link.till.engine,
            table=table.name,
            metadata=survey.metadata,
            backend="connectorx",
            reflection_level="minimal",
            excluded_columns=list(table.excluded) or None,
            primary_key=["branch_id", table.key],
            write_disposition="append" if is_initial else MERGE,
            incremental=incremental,
            table_loader_class=TillLoader,
            backend_kwargs={"reading": reading},
        )
        # Only keys are required in the raw layer: a till may drop a column or allow nulls one day.
        resource.apply_hints(
            columns={
                column.name: {"name": column.name, "nullable": True}
                for column in survey.metadata.tables[table.name].columns
                if column.name != table.key
            }
        )
        found.append(resource)
    return found, progress
