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
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from dlt.common.schema.typing import TColumnSchema, TDeleteInsertStrategyDict

from ingest.loads.destination import Reference, References, SourceFailedError, copy_across
from ingest.sources.tills.connect import RefusedTableError, Till, TillError, refusal
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.dialects.base import NUMBER, WALL
from ingest.sources.tills.landing import NUMBERS, as_in_raw, cast, schema
from ingest.sources.tills.news import fresh, is_day, may_be_null
from ingest.sources.tills.progress import Progress, Read
from ingest.sources.tills.tables import AtTill, Condition

# Deletes and inserts by key, and takes a row that was staged twice but once.
MERGE: TDeleteInsertStrategyDict = {"disposition": "merge", "strategy": "delete-insert"}


@dataclass(frozen=True)
class Reading:
    """One table as it is read.

    Attributes:
        till: the till.
        table: the table to read.
        references: filled with what is to be copied from till to warehouse without a file between.
        is_first: of no till is any load complete.
        progress: filled with what was read.
    """

    till: AtTill
    table: Table
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
        rows = self.till.rows(self.table)
        where = self.with_key(rows, fresh(self.till, self.table, rows, last_value))
        if self.till.dialect.copies:
            newest = self._newest(rows, where)
            if newest.num_rows:
                self.references[self.table.name] = self._reference(rows, where)
            yield newest
            return
        found = 0
        for batch in read_batches(self, rows, where):
            found += batch.num_rows
            yield pa.Table.from_batches([batch])
        if not found:
            yield self.schema.empty_table()

    @property
    def schema(self) -> pa.Schema:
        """The raw table's Arrow schema."""
        return schema(self.till.system, self.table, self.till.types(self.table).items())

    def with_key(self, rows: sa.FromClause, where: Condition) -> Condition:
        """Return the condition without rows that lack a part of their key, and remember one.

        Remember also one of each column whose new type has a value that the raw column cannot.
        """
        till, table = self.till, self.table
        changed = till.unreadable(table, rows)
        parts = [
            till.value(table, rows.c[name])
            for name in table.key
            if may_be_null(rows.c[name]) or name in changed
        ]
        lacking = sa.or_(sa.false(), *(part.is_(None) for part in parts))
        shown = [name for name in (*table.needed, *table.money) if name in rows.c]
        # a query of the declaration is costly, and gives each row its key
        if parts and not table.query and (row := self._first(rows, shown, where, lacking)):
            self.progress.notes["key"] = (
                f"A row of {table.name} of the till of {till.till.part} lacks a part of its key "
                f"({row}): it is left out. Give it one there, or name columns that are never empty "
                f"as the key in systems/{till.system.name}.toml."
            )
        where = sa.and_(where, sa.not_(lacking)) if parts else where
        if (twice := self._twice(rows)) is not None:
            if row := self._first(rows, shown, twice):
                self.progress.notes["twice"] = (
                    f"A row of {table.name} of the till of {till.till.part} has the key of another "
                    f"row where that lands as a number ({row}): it is left out. Correct it there."
                )
            where = sa.and_(where, sa.not_(twice))
        for name, condition in changed.items():
            if row := self._first(rows, table.key, where, condition):
                self.progress.notes[name] = (
                    f"The column {table.name}.{name} of the till of {till.till.part} has a value "
                    f"that is no {till.kind(table, name)} where {row}: it lands as null."
                )
        return where

    def _twice(self, rows: sa.FromClause) -> Condition | None:
        """Return when a text of a key, such as 01, becomes the number that another row has."""
        till, table = self.till, self.table
        texts = [
            rows.c[name]
            for name in table.key
            if isinstance(rows.c[name].type, sa.String) and till.kind(table, name) in NUMBERS
        ]
        if not texts:
            return None
        here, there = (till.key(table, each) for each in (rows, till.rows(table, "others")))
        several = sa.select(*there).group_by(*there).having(sa.func.count() > 1)
        plain = sa.and_(*(text.regexp_match("^(0|-?[1-9][0-9]*)$") for text in texts))
        return sa.and_(sa.not_(plain), sa.tuple_(*here).in_(several))

    def _first(
        self, rows: sa.FromClause, names: Sequence[str], *conditions: Condition
    ) -> str | None:
        """Return what some columns are in the first row of some, if there is one."""
        query = sa.select(*(rows.c[name] for name in names)).where(*conditions).limit(1)
        with self.till.asking(self.table), self.till.till.engine.connect() as connection:
            found = connection.execute(query).first()
        return ", ".join(map("{} is {}".format, names, found)) if found else None

    def _newest(self, rows: sa.FromClause, where: Condition) -> pa.Table:
        """Return the newest row with its key and its cursor and no other value."""
        table, landed = self.table, self.till.landed(self.table, rows)
        columns = dict.fromkeys([*table.key, *([table.changed_at] if table.changed_at else [])])
        query = sa.select(*(landed[name][0] for name in columns)).where(where).limit(1)
        if table.changed_at:
            cursor = rows.c[table.changed_at]
            # nulls last is served by no index: not without need
            query = query.order_by(
                cursor.desc().nulls_last() if may_be_null(cursor) else cursor.desc()
            )
        with self.till.asking(table), self.till.till.engine.connect() as connection:
            found = connection.execute(query).all()
        own = {self.till.system.till_column: self.till.till.till_id}
        newest = pa.Table.from_pylist(
            [own | dict(zip(columns, row, strict=True)) for row in found], schema=self.schema
        )
        self.progress.add(newest[table.changed_at] if table.changed_at else None, newest.num_rows)
        return newest

    def _reference(self, rows: sa.FromClause, where: Condition) -> Reference:
        """Return what copies the table's rows into the warehouse without a file between."""
        till, landed = self.till.till, self.till.landed(self.table, rows)
        query = till.dialect.compile(sa.select(*as_in_raw(landed.values())).where(where))
        own = {self.till.system.till_column: till.till_id}

        def follow(cursor: Any, target: str, load_id: str) -> None:
            constants = own | {"_dlt_load_id": load_id}
            try:
                self.progress.rows = copy_across(
                    till.engine, query, cursor, target, list(landed), constants,
                    is_first=self.is_first,
                )  # fmt: skip
            except SourceFailedError as error:
                raise refusal(error, till, self.table) from None

        return follow


def read_batches(
    reading: Reading, rows: sa.FromClause, where: Condition, limit: int | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield a table's rows with the till in front and every column in its type.

    Args:
        reading: the table that is read.
        rows: the till's rows.
        where: which of them.
        limit: how many of them at most.

    Raises:
        RefusedTableError: the table cannot be read, or has a value that Postgres cannot hold.
        TillError: the till cannot be read.
    """
    till, table, arrow_schema = reading.till.till, reading.table, reading.schema
    landed = reading.till.landed(table, rows)
    crooked = till.dialect.crooked(
        [rows.c[name] for name, (_, kind) in landed.items() if kind not in (pa.int64(), NUMBER)]
    )
    columns = [what for what, _ in landed.values()]
    columns += [] if crooked is None else [crooked.label("_crooked")]
    query = sa.select(*columns).where(where).limit(limit)
    try:
        for batch in till.dialect.read(till.engine, till.dialect.compile(query), arrow_schema):
            if batch.num_rows:
                yield _finished(reading, batch, arrow_schema, has_crooked=crooked is not None)
    except (KeyboardInterrupt, SystemExit, TillError, GeneratorExit):
        raise
    except BaseException as error:  # ConnectorX's panics are no `Exception`
        raise refusal(error, till, table) from None


def _finished(
    reading: Reading, batch: pa.RecordBatch, arrow_schema: pa.Schema, *, has_crooked: bool
) -> pa.RecordBatch:
    """Return a batch with the till in front, the mark of deletion, and every column in its type."""
    columns, rows = list(batch.columns), batch.num_rows
    crooked = columns.pop() if has_crooked else None
    fields = list(arrow_schema)
    cells = [
        _cast(reading, column_field, column)
        for column, column_field in zip(columns, fields[1:-1], strict=True)
    ]
    till = pa.repeat(pa.scalar(reading.till.till.till_id), rows)
    finished = pa.RecordBatch.from_arrays(
        [till, *cells, pa.nulls(rows, fields[-1].type)], schema=arrow_schema
    )
    _refuse_nul(finished, reading)
    if crooked is not None and crooked.null_count < rows:
        _note(reading, finished, crooked)
    cursor = reading.table.changed_at
    reading.progress.add(finished[cursor] if cursor else None, rows)
    return finished


def _cast(reading: Reading, field: pa.Field, column: pa.Array) -> pa.Array:
    """Return a column in the type that it lands with, or say which one is not what is declared."""
    try:
        return cast(column, field.type)
    except pa.ArrowException:
        if field.name not in reading.table.columns:
            raise
        found = f"is {column.type} there, for example {column.drop_null()[0]}"
        raise unlike(reading.till.till, reading.table, field.name, found) from None


def unlike(till: Till, table: Table, column: str, found: str) -> RefusedTableError:
    """Return what to do where a column is not what its declaration says.

    Args:
        till: the till.
        table: the table.
        column: the column.
        found: what it is.
    """
    kind, epoch = table.columns[column], till.dialect.epoch.format("seconds")
    time = f"; a time from seconds since 1970 is {epoch}" if kind == "moment" else ""
    return RefusedTableError(
        table.name,
        f"The column {table.name}.{column} of the till of {till.part} is declared as {kind}, and "
        f"{found}: the table is not loaded. Correct systems/{till.system_name}.toml, or let its "
        f"query write a {kind}{time}.",
    )


def _key_of(reading: Reading, batch: pa.RecordBatch, row: int) -> str:
    return ", ".join(f"{name} is {batch[name][row].as_py()}" for name in reading.table.key)


def _note(reading: Reading, batch: pa.RecordBatch, crooked: pa.Array) -> None:
    """Remember the first row of each column whose time is none, or whose truth is a number."""
    system, notes = reading.till.till.system_name, reading.progress.notes
    for row, names in enumerate(crooked.to_pylist()):
        for name in {*(names or "").split(", ")}.difference(notes, [""]):
            key = _key_of(reading, batch, row)
            said = (
                f"is tinyint(1), which is read as true or false, and is neither 0 nor 1 where "
                f"{key}: it lands as true. If it is a number, write columns = "
                f'{{{name} = "integer"}} for the table in systems/{system}.toml.'
                if batch.schema.field(name).type == pa.bool_()
                else f"has a time that does not exist (such as 0000-00-00) where {key}: it lands "
                f"as null."
            )
            notes[name] = (
                f"The column {reading.table.name}.{name} of the till of {reading.till.till.part} "
                f"{said}"
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
                f"{reading.till.till.part} holds a NUL character where "
                f"{_key_of(reading, batch, found)}, which Postgres cannot store: the table is not "
                f"loaded until it is removed there.",
            )


def resources(
    till: AtTill, references: References, *, is_initial: bool, is_first: bool
) -> tuple[list[Any], Read]:
    """Return what dlt reads of a till, and what will say how far it came.

    Args:
        till: the till.
        references: filled with what is to be copied from till to warehouse without a file between.
        is_initial: of this till no load is complete: append, there being nothing to merge with.
        is_first: of no till is any load complete.

    Returns:
        One dlt resource per table, and the tables' progress by name.
    """
    found: list[Any] = []
    progress: Read = {}
    for table in till.tables:
        reading = Reading(till, table, references, is_first)
        progress[table.name] = reading.progress
        incremental: dlt.sources.incremental[Any] | None = None
        if table.changed_at:
            incremental = dlt.sources.incremental(
                table.changed_at,
                range_start="closed" if is_day(till, table) else "open",
                primary_key=(),
                on_cursor_value_missing="include",
            )
        found.append(
            dlt.resource(
                _loaded(reading, incremental, is_whole=is_initial),
                name=table.name,
                primary_key=[till.system.till_column, *table.key],
                write_disposition="append" if is_initial else MERGE,
                # Only keys are required in the raw layer: a till may drop a column or allow nulls
                # one day.
                columns={
                    name: _hint(name, kind)
                    for name, kind in till.types(table).items()
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
