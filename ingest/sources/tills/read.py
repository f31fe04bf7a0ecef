"""How a till's tables are read into the shared raw tables.

- From Postgres to Postgres rows go by COPY in Postgres' own binary form: whatever a till can hold
  arrives, also what Arrow cannot say (infinity, NaN, years before Christ).
- From other engines rows come as Arrow (from MySQL and MariaDB ConnectorX reads the binary
  protocol straight into it); dlt writes Arrow to Parquet unchanged and ADBC copies it into Postgres
  in binary form. Either way no value ever becomes text, and '' stays apart from null.
- A table with a change column comes incrementally: rows later than the last one seen, and earlier
  than the till's own present. The upper bound matters twice. A row that gets the very timestamp of
  the last one read cannot appear afterwards, so the range is open at its start and needs no
  deduplication (dlt's compares every row at the boundary in Python). And a row dated in the future
  by a wrong clock cannot push the watermark past all that is still to come. Days have no such
  boundary: the last one is read again. A key that grows needs none.
- What a cursor cannot see (late commits, edits without a new timestamp, deletes) is found and
  mended by the comparison; there are no lags here.
- The till comes first in every key: tills number their rows independently of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from dlt.common.schema.typing import TColumnSchema, TDeleteInsertStrategyDict

from ingest.loads.destination import Reference, References, SourceFailedError, copy_across
from ingest.sources.tills.connect import Link, RefusedTableError, Till, TillError, refusal
from ingest.sources.tills.days import Clock
from ingest.sources.tills.declaration import Table, written
from ingest.sources.tills.dialects.base import MOMENT, WALL
from ingest.sources.tills.landing import as_in_raw, cast, null, schema
from ingest.sources.tills.survey import Survey

# Deletes and inserts by key, and takes a row that was staged twice but once.
MERGE: TDeleteInsertStrategyDict = {"disposition": "merge", "strategy": "delete-insert"}


@dataclass
class Progress:
    """What was read of one table: the record that ends up in audit.loads."""

    rows: int = 0
    first_cursor: Any = None
    last_cursor: Any = None
    notes: dict[str, str] = field(default_factory=dict)

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
    """One table as it is read.

    Attributes:
        till: the till.
        table: the table to read.
        survey: what was found at the till.
        references: filled with what is to be copied from till to warehouse without a file between.
        is_first: of no till is any load complete.
        progress: filled with what was read.
    """

    till: Till
    table: Table
    survey: Survey
    references: References = field(default_factory=dict)
    is_first: bool = False
    progress: Progress = field(default_factory=Progress)

    def load(self, last_value: Any) -> Iterator[pa.Table]:
        """Yield the rows as Arrow tables, at least one, which may be empty: it brings the types.

        From a Postgres till only the newest row comes this way, with its key and its cursor: it
        tells dlt the types, and where the next load goes on. All rows are copied.

        Args:
            last_value: how far the last complete load came.
        """
        rows = self.survey.rows(self.table, "listed")
        where = [fresh(self.survey, self.table, rows, last_value)]
        found, is_copied = 0, self.till.dialect.copies
        for batch in read_batches(self, rows, where, is_newest=is_copied):
            found += batch.num_rows
            yield pa.Table.from_batches([batch])
        if not found:
            yield self.schema.empty_table()
        elif is_copied:
            self.references[self.table.name] = self._reference(rows, where)

    @property
    def schema(self) -> pa.Schema:
        """The raw table's Arrow schema."""
        types = self.survey.types(self.table)
        return schema(self.survey.system, self.table, types.items())

    def _reference(self, rows: sa.FromClause, where: Sequence[sa.ColumnElement[bool]]) -> Reference:
        """Return what copies the table's rows into the warehouse without a file between."""
        till, landed = self.till, self.survey.landed(self.table, rows)
        query = sa.select(*as_in_raw(till.till_id, landed.values())).where(*where)

        def follow(cursor: Any, target: str, load_id: str) -> None:
            names = [self.survey.system.till_column, *landed, "_dlt_load_id"]
            marked = query.add_columns(sa.cast(sa.literal(load_id), sa.Text))
            try:
                self.progress.rows = copy_across(
                    till.engine,
                    till.dialect.compile(marked),
                    cursor,
                    target,
                    ", ".join('"{}"'.format(name.replace('"', '""')) for name in names),
                    is_first=self.is_first,
                )
            except SourceFailedError as error:
                raise refusal(error.__cause__ or error, till, self.table) from None

        return follow


def fresh(
    survey: Survey, table: Table, rows: sa.FromClause, last_value: Any
) -> sa.ColumnElement[bool]:
    """Return the condition by which a load reads rows of a table.

    Args:
        survey: what was found at the till.
        table: the table.
        rows: the till's rows.
        last_value: how far the last complete load came.
    """
    if not table.changed_at:
        return sa.true()
    cursor, dialect = rows.c[table.changed_at], survey.dialect
    is_day = survey.types(table)[table.changed_at] == pa.date32()
    conditions = []
    if (until := present(survey, table)) is not None:
        limit = dialect.literal(until)
        conditions.append(cursor <= limit if is_day else cursor < limit)
    if last_value is not None:
        since = dialect.literal(last_value)
        conditions.append(cursor >= since if is_day else cursor > since)
    news = sa.and_(sa.true(), *conditions)
    # A row without a cursor is read every time: it must not be lost.
    return sa.or_(news, cursor.is_(None)) if _may_be_null(cursor) else news


def present(survey: Survey, table: Table) -> Any:
    """Return the till's present as a table's change column has it; None for a key that grows."""
    column = str(table.changed_at)
    kind, times = survey.types(table)[column], survey.system.clock(table, column)
    now = survey.now
    if times != "utc" and kind != MOMENT:
        now = Clock(survey.branch, times).on_clock(now.replace(tzinfo=UTC))
    if table.changed_format:
        return written(now, table.changed_format)
    if kind in (MOMENT, WALL):
        return now
    return now.date() if kind == pa.date32() else None


def read_batches(
    reading: Reading,
    rows: sa.FromClause,
    where: Sequence[sa.ColumnElement[bool]],
    *,
    is_newest: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Yield a table's rows with the till in front and every column in its type.

    Args:
        reading: the table that is read.
        rows: the till's rows.
        where: which of them.
        is_newest: the newest alone, with its key and its cursor and no other value.

    Raises:
        RefusedTableError: the table cannot be read, or has a value that Postgres cannot hold.
        TillError: the till cannot be read.
    """
    till, table = reading.till, reading.table
    landed = reading.survey.landed(table, rows)
    arrow_schema = reading.schema
    kept = (*table.key, table.changed_at) if is_newest else tuple(landed)
    crooked = till.dialect.crooked([rows.c[name] for name in landed]) if not is_newest else None
    query = sa.select(
        *(what if name in kept else null(kind, name) for name, (what, kind) in landed.items()),
        *([] if crooked is None else [crooked.label("_crooked")]),
    ).where(*where)
    if is_newest:
        query = query.limit(1)
        if table.changed_at:
            cursor = rows.c[table.changed_at]
            # nulls last is served by no index: not without need
            query = query.order_by(
                cursor.desc().nulls_last() if _may_be_null(cursor) else cursor.desc()
            )
    try:
        for batch in till.dialect.read(till.engine, till.dialect.compile(query), arrow_schema):
            if batch.num_rows:
                yield _finished(reading, batch, arrow_schema, has_crooked=crooked is not None)
    except (KeyboardInterrupt, SystemExit, TillError, GeneratorExit):
        raise
    except BaseException as error:  # ConnectorX's panics are no `Exception`
        raise refusal(error, till, table) from None


def _may_be_null(column: Any) -> bool:
    return bool(getattr(column, "nullable", True))


def _finished(
    reading: Reading, batch: pa.RecordBatch, arrow_schema: pa.Schema, *, has_crooked: bool
) -> pa.RecordBatch:
    """Return a batch with the till in front, the mark of deletion, and every column in its type."""
    columns, rows = list(batch.columns), batch.num_rows
    crooked = columns.pop() if has_crooked else None
    fields = list(arrow_schema)
    cells = [
        cast(column, column_field.type)
        for column, column_field in zip(columns, fields[1:-1], strict=True)
    ]
    till = pa.repeat(pa.scalar(reading.till.till_id), rows)
    finished = pa.RecordBatch.from_arrays(
        [till, *cells, pa.nulls(rows, fields[-1].type)], schema=arrow_schema
    )
    _refuse_nul(finished, reading)
    if crooked is not None and crooked.null_count < rows:
        _note(reading, finished, crooked)
    cursor = reading.table.changed_at
    reading.progress.add(finished[cursor] if cursor else None, rows)
    return finished


def _key_of(reading: Reading, batch: pa.RecordBatch, row: int) -> str:
    return ", ".join(f"{name} is {batch[name][row].as_py()}" for name in reading.table.key)


def _note(reading: Reading, batch: pa.RecordBatch, crooked: pa.Array) -> None:
    """Remember the first row of each column whose time is none."""
    for row, names in enumerate(crooked.to_pylist()):
        for name in (names or "").split(", ") if names else ():
            reading.progress.notes.setdefault(
                name,
                f"The column {reading.table.name}.{name} of the till of {reading.till.part} "
                f"has a day that does not exist (such as 0000-00-00) where "
                f"{_key_of(reading, batch, row)}: it lands as null.",
            )


def _refuse_nul(batch: pa.RecordBatch, reading: Reading) -> None:
    """Name the first value that Postgres cannot hold: a text with a NUL in it."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if not pa.types.is_string(column.type):
            continue
        found = pc.index(pc.match_substring(column, "\0"), True).as_py()
        if found >= 0:
            raise RefusedTableError(
                reading.table.name,
                f"The column {reading.table.name}.{name} of the till of "
                f"{reading.till.part} holds a NUL character where "
                f"{_key_of(reading, batch, found)}, which Postgres cannot store: the table is not "
                f"loaded until it is removed there.",
            )


def resources(
    link: Link, survey: Survey, references: References, *, is_initial: bool, is_first: bool
) -> tuple[list[Any], dict[str, Progress]]:
    """Return what dlt reads of a till, and what will say how far it came.

    Args:
        link: the till and the raw tables that it fills.
        survey: what can be read.
        references: filled with what is to be copied from till to warehouse without a file between.
        is_initial: of this till no load is complete: append, there being nothing to merge with.
        is_first: of no till is any load complete.

    Returns:
        One dlt resource per table, and the tables' progress by name.
    """
    found, progress = [], {}
    for table in survey.tables:
        reading = Reading(link.till, table, survey, references, is_first)
        progress[table.name] = reading.progress
        incremental: dlt.sources.incremental[Any] | None = None
        if table.changed_at:
            is_day = survey.types(table)[table.changed_at] == pa.date32()
            incremental = dlt.sources.incremental(
                table.changed_at,
                range_start="closed" if is_day else "open",
                primary_key=(),
                on_cursor_value_missing="include",
            )
        found.append(
            dlt.resource(
                _loaded(reading, incremental, is_whole=is_initial),
                name=table.name,
                primary_key=[link.system.till_column, *table.key],
                write_disposition="append" if is_initial else MERGE,
                # Only keys are required in the raw layer: a till may drop a column or allow nulls
                # one day.
                columns={
                    name: _hint(name, kind)
                    for name, kind in survey.types(table).items()
                    if name not in table.key
                },
            )
        )
    return found, progress


def _hint(name: str, kind: pa.DataType) -> TColumnSchema:
    hint: TColumnSchema = {"name": name, "nullable": True}
    # dlt takes a wall clock's time for UTC otherwise
    return {**hint, "data_type": "timestamp", "timezone": False} if kind == WALL else hint


def _loaded(reading: Reading, incremental: Any, *, is_whole: bool) -> Any:
    """Return the function that dlt calls for a table's rows."""

    def rows() -> Iterator[pa.Table]:
        # a later load takes no row of a table without a change column: its last days are read again
        yield from reading.load(None) if is_whole else [reading.schema.empty_table()]

    def changes(cursor: Any = incremental) -> Iterator[pa.Table]:
        yield from reading.load(cursor.last_value)

    return changes if incremental is not None else rows
