"""The tills: one database per branch, Postgres or MySQL/MariaDB, read into shared raw tables.

Why a till is read this way:

- From Postgres to Postgres rows go by COPY in Postgres' own binary form: whatever a till can hold
  arrives, also what Arrow cannot say (infinity, NaN, years before Christ).
- From MySQL and MariaDB ConnectorX reads the binary protocol straight into Arrow, several times
  faster than a cursor; dlt writes Arrow to Parquet unchanged and ADBC copies it into Postgres in
  binary form. Either way no value ever becomes text, and '' stays apart from null.
- Every table comes incrementally, by `updated_at`: rows later than the last one seen, and earlier
  than the till's own present. The upper bound matters twice. A row that gets the very timestamp of
  the last one read cannot appear afterwards, so the range is open at its start and needs no
  deduplication (dlt's compares every row at the boundary in Python). And a row dated in the future
  by a wrong clock cannot push the watermark past all that is still to come.
- What a cursor cannot see (late commits, edits without a new timestamp, deletes) is found and
  mended by `ingest.reconcile`; there are no lags here.
- A column lands as bigint, double, numeric(38,10), boolean, date, time, timestamp with time zone,
  bytes or text: the same for both engines, and wide enough that a till which widens a column
  changes nothing. Whatever would not survive as such (JSON, arrays, wider numerics) lands as text.
- `branch_id` comes first: branches number their rows independently of each other.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import connectorx
import dlt
import psycopg
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from dlt.common.schema.typing import TDeleteInsertStrategyDict
from dlt.sources.sql_database import BaseTableLoader, sql_table
from psycopg import sql
from sqlalchemy.dialects import mysql

from ingest.destination import Reference, References, SourceError, copy_across
from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError, trouble

CONFIG_FILE = ".dlt/config.toml"
BATCH_ROWS = 100_000
"""Rows per Arrow batch: large enough to be cheap, small enough for little memory."""

CONNECT_SECONDS = 10
OWN_COLUMNS = ("branch_id", "_deleted_at", "_dlt_load_id")
"""What the raw tables have beyond the till's columns."""

# SQLAlchemy 2.1 would take a bare postgresql:// for psycopg 3.
_DRIVERS = {
    "postgresql": "postgresql+psycopg2",
    "postgres": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
# Both engines answer in UTC: a naive MySQL DATETIME is taken to be UTC, as tills store it.
_SESSION_IN_UTC = {
    "postgresql": "set time zone 'UTC'",
    "mysql": "set time_zone = '+00:00'",
}
_PRESENT = {
    "postgresql": "current_timestamp",
    "mysql": "utc_timestamp()",  # whole seconds: rows of the current second wait for the next run
}


# Deletes and inserts by key, and takes a row that was staged twice but once.
MERGE: TDeleteInsertStrategyDict = {"disposition": "merge", "strategy": "delete-insert"}


class TillError(WarehouseError):
    """A till cannot be read; the message says which, why and what to do, in one sentence."""


class RefusedTableError(TillError):
    """One table cannot be loaded; the others can."""

    def __init__(self, table: str, message: str) -> None:
        super().__init__(message)
        self.table = table


@dataclass(frozen=True)
class TillTable:
    """One table to read from every till.

    Attributes:
        name: the table's name, at the till and in the raw schema.
        primary_key: its key within one branch.
        cursor: the column that tells new and changed rows from those already read.
        excluded_columns: columns that never leave the till.
        business_time: the column that places a row on a business day, where it has one itself.
        parent_key: the column that names the order it belongs to, and with it the business day.
        order_column: the column of the orders that names its rows, which a heal reads again, too:
            what came late with an order must not be missing beside it.
    """

    name: str
    primary_key: str
    cursor: str | None = None
    excluded_columns: tuple[str, ...] = ()
    business_time: str | None = None
    parent_key: str | None = None
    order_column: str | None = None

    @property
    def belongs_to_a_day(self) -> bool:
        """Whether its rows stand on a business day: their own, or their order's."""
        return bool(self.business_time or self.parent_key)

    def __post_init__(self) -> None:
        """Refuse what could not be loaded."""
        if self.cursor and not self.primary_key:
            raise ValueError(
                f"The table {self.name} has a cursor ({self.cursor}) and no primary key: changed "
                "rows could not be told from new ones. Name its key, or leave the cursor out."
            )
        for column in (self.primary_key, self.cursor, self.business_time, self.parent_key):
            if column in self.excluded_columns:
                raise ValueError(f"The table {self.name} excludes {column}, which loading needs.")


TABLES = (
    TillTable("customers", "customer_id", "updated_at", order_column="customer_id"),
    TillTable("products", "product_id", "updated_at"),
    TillTable("orders", "order_id", "updated_at", business_time="ordered_at"),
    TillTable("order_lines", "order_line_id", "updated_at", parent_key="order_id"),
    TillTable("payments", "payment_id", "updated_at", parent_key="order_id"),
)


@dataclass(frozen=True)
class Branch:
    """What the seed says of a branch, as far as loading needs it."""

    branch_id: str
    time_zone: str
    opened_on: date
    cutover_hour: int


@dataclass(frozen=True)
class Till:
    """Where a branch's till is: the sample's database, or an address from dlt's configuration."""

    branch: Branch
    is_sample: bool
    address: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def branch_id(self) -> str:
        """The branch's id in the seed."""
        return self.branch.branch_id

    def url(self, warehouse: Warehouse) -> sa.URL:
        """Return the address as SQLAlchemy reads it, with its driver and the password.

        Args:
            warehouse: where the sample company's tills live.

        Raises:
            TillError: no address, one that cannot be read, or an unsupported kind of database.
        """
        if self.is_sample:
            return sa.URL.create(
                _DRIVERS["postgresql"],
                username=warehouse.user,
                password=warehouse.password or None,
                host=warehouse.host,
                port=warehouse.port,
                database=f"till_{self.branch_id}",
                query={"sslmode": warehouse.sslmode},
            )
        section = f"[sources.pos.tills.{self.branch_id}] in {CONFIG_FILE}"
        if not self.address:
            raise TillError(
                f"The till of {self.branch_id} has no address: give it a url (or sample = true) "
                f"in {section}, or the url in .dlt/secrets.toml."
            )
        try:
            url = sa.make_url(self.address)
        except (sa.exc.ArgumentError, ValueError):
            raise TillError(
                f"The till of {self.branch_id} has a url that cannot be read: write it as "
                f"postgresql://user@host:5432/database in {section}."
            ) from None
        scheme = url.drivername.partition("+")[0]
        if scheme not in _DRIVERS:
            raise TillError(
                f"The till of {self.branch_id} has a url with the scheme {scheme!r}: myPizza reads "
                f"postgresql:// and mysql:// (also for MariaDB); change {section}."
            )
        url = url.set(drivername=_DRIVERS[scheme])
        return url.set(password=self.password) if self.password else url

    def engine(self, warehouse: Warehouse) -> sa.Engine:
        """Return a SQLAlchemy engine on the till whose sessions speak UTC."""
        engine = sa.create_engine(
            self.url(warehouse),
            poolclass=sa.NullPool,
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )
        statement = _SESSION_IN_UTC[engine.dialect.name]

        @sa.event.listens_for(engine, "connect")
        def _set_time_zone(connection: Any, _record: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement)
            connection.commit()

        return engine


@cache
def branches() -> Mapping[str, Branch]:
    """Return the branches of seeds/branches.csv, by id."""
    with (PROJECT_DIR / "seeds" / "branches.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["branch_id"]: Branch(
                row["branch_id"],
                row["time_zone"],
                date.fromisoformat(row["opened_on"]),
                int(row["cutover_hour"]),
            )
            for row in csv.DictReader(file)
        }


def configured_tills(only: Sequence[str] | None = None) -> list[Till]:
    """Read from dlt's configuration which tills there are.

    Args:
        only: the branches to return; default all that have a till.

    Returns:
        The tills in the order of the seed.

    Raises:
        TillError: a till of a branch that the seed does not know, or a branch without a till.
    """
    section: dict[str, Any] = dlt.config.get("sources.pos.tills") or {}
    known = branches()
    for branch_id in [*section, *(only or [])]:
        if branch_id not in known:
            raise TillError(
                f"There is no branch {branch_id!r} in seeds/branches.csv (known: "
                f"{', '.join(known)}): correct [sources.pos.tills.{branch_id}] in {CONFIG_FILE}, "
                "or add the branch to the seed."
            )
    tills = []
    for branch_id, branch in known.items():
        key = f"sources.pos.tills.{branch_id}"
        address: Any = dlt.secrets.get(f"{key}.url") or dlt.config.get(f"{key}.url")
        if branch_id in section or address:
            is_sample = bool(dlt.config.get(f"{key}.sample", bool)) and not address
            password: Any = dlt.secrets.get(f"{key}.password")
            text = None if password is None else str(password)
            tills.append(Till(branch, is_sample, address and str(address), text))
    with_till = {till.branch_id for till in tills}
    for branch_id in only or []:
        if branch_id not in with_till:
            raise TillError(
                f"The branch {branch_id} has no till: add [sources.pos.tills.{branch_id}] to "
                f"{CONFIG_FILE}."
            )
    return [till for till in tills if not only or till.branch_id in only]


@dataclass
class TableProgress:
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


Stretch = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class HealWindow:
    """What is to be read again, whatever its cursor says.

    Attributes:
        stretches: orders of these stretches of time, with their lines and payments; an end that is
            None is open, and an open beginning has the orders without a time in it.
        order_ids: orders by their id, with theirs.
        whole_tables: tables that belong to no business day, by name.
    """

    stretches: tuple[Stretch, ...] = ()
    order_ids: tuple[int, ...] = ()
    whole_tables: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is anything to read again."""
        return bool(self.stretches or self.order_ids or self.whole_tables)

    def reads(self, table: TillTable) -> bool:
        """Say whether rows of a table are read again: of these orders, or named by them, or all."""
        return bool(self.stretches or self.order_ids) or table.name in self.whole_tables

    def covers(self, table: TillTable) -> bool:
        """Say whether a row of a table that is in the window and was not read is gone."""
        if table.belongs_to_a_day:
            return bool(self.stretches or self.order_ids)
        return table.name in self.whole_tables


@dataclass(frozen=True)
class _Reading:
    """What the loader of one table needs to know beyond what dlt tells it."""

    till: Till
    table: TillTable
    url: sa.URL
    engine: sa.Engine
    progress: TableProgress
    references: References
    is_first: bool


_Landed = tuple[Any, pa.DataType]
"""How a column is selected, and the Arrow type that it lands with."""


class TillLoader(BaseTableLoader):
    """Reads one till table through ConnectorX, in the types that the raw layer uses."""

    def load_rows(self, backend_kwargs: dict[str, Any] | None = None) -> Iterator[pa.Table]:
        """Yield the rows as Arrow tables, at least one, which may be empty: it brings the types.

        From a Postgres till only the newest row comes this way, with its key and its cursor: it
        tells dlt the types, and where the next load goes on. All rows are copied.
        """
        reading: _Reading = (backend_kwargs or {})["reading"]
        engine_name = reading.engine.dialect.name
        landed = [_landing(column, engine_name) for column in self.table.columns]
        schema = _schema(self.table, reading.table, landed)
        where = self._where(reading)
        query = sa.select(*(expression for expression, _ in landed)).where(*where)
        is_copied = engine_name == "postgresql" and self.cursor_column is not None
        if is_copied:
            query = _newest(self.table, reading.table, landed, self.cursor_column).where(*where)
        rows = 0
        for batch in _read(self.compile_query(query), schema, reading):
            rows += batch.num_rows
            yield pa.Table.from_batches([batch])
        if not rows:
            yield schema.empty_table()
        elif is_copied:
            query = sa.select(*_as_in_raw(reading.till.branch_id, landed)).where(*where)
            reading.references[reading.table.name] = self._reference(reading, query)

    def _reference(self, reading: _Reading, query: sa.Select[Any]) -> Reference:
        """Return what copies the table's rows into the warehouse without a file between."""

        def follow(cursor: Any, table: str, load_id: str) -> None:
            names = ["branch_id", *self.table.columns.keys(), "_dlt_load_id"]
            quote = self.engine.dialect.identifier_preparer.quote_identifier
            marked = query.add_columns(sa.cast(sa.literal(load_id), sa.Text))
            try:
                reading.progress.rows = copy_across(
                    reading.engine,
                    self.compile_query(marked),
                    cursor,
                    table,
                    ", ".join(map(quote, names)),
                    is_first=reading.is_first,
                )
            except SourceError as error:
                raise TillError(_cannot_read(error.__cause__, reading.till, reading.url)) from None

        return follow

    def _where(self, reading: _Reading) -> list[sa.ColumnElement[bool]]:
        """Return the conditions that choose the rows to read."""
        if self.cursor_column is None:
            return []
        cursor = self.cursor_column
        fresh = cursor < sa.literal_column(_PRESENT[reading.engine.dialect.name])
        if self.last_value is not None:
            last = _timestamp(self.last_value, reading.engine.dialect.name)
            fresh = sa.and_(cursor > last, fresh)
        # A row without a cursor is read every time: it must not be lost.
        return [sa.or_(fresh, cursor.is_(None)) if cursor.nullable else fresh]


def _newest(
    columns: sa.Table, table: TillTable, landed: Sequence[_Landed], cursor: sa.Column[Any]
) -> sa.Select[Any]:
    """Return the query of a table's newest row, in which only key and cursor are not null."""
    told = [
        expression
        if column.name in (table.primary_key, table.cursor)
        else sa.cast(sa.null(), _POSTGRES_TYPES[arrow_type]).label(column.name)
        for column, (expression, arrow_type) in zip(columns.columns, landed, strict=True)
    ]
    # nulls last is served by no index: not without need
    newest = cursor.desc().nulls_last() if cursor.nullable else cursor.desc()
    return sa.select(*told).order_by(newest).limit(1)


def _read(query: str, schema: pa.Schema, reading: _Reading) -> Iterator[pa.RecordBatch]:
    """Yield a query's rows with the branch in front and every column in its type."""
    address = reading.url.set(drivername=reading.url.get_backend_name())
    reader = connectorx.read_sql(
        address.render_as_string(hide_password=False),
        query,
        protocol="binary",
        return_type="arrow_stream",
        batch_size=BATCH_ROWS,
        pre_execution_query=_SESSION_IN_UTC[reading.engine.dialect.name],
    )
    branch, alive = pa.array([], pa.string()), pa.nulls(0, schema.field("_deleted_at").type)
    for batch in reader:
        rows = batch.num_rows
        if not rows:
            continue
        if len(branch) < rows:
            branch = pa.repeat(pa.scalar(reading.till.branch_id), rows)
            alive = pa.nulls(rows, alive.type)
        columns = [
            _cast(column, column_field.type)
            for column, column_field in zip(batch.columns, list(schema)[1:-1], strict=True)
        ]
        finished = pa.RecordBatch.from_arrays(
            [branch.slice(0, rows), *columns, alive.slice(0, rows)], schema=schema
        )
        _refuse_nul(finished, reading)
        cursor = reading.table.cursor
        reading.progress.add(finished[cursor] if cursor else None, rows)
        yield finished


def _refuse_nul(batch: pa.RecordBatch, reading: _Reading) -> None:
    """Name the first value that Postgres cannot hold: a text with a NUL in it."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if not pa.types.is_string(column.type):
            continue
        found = pc.index(pc.match_substring(column, "\0"), True).as_py()
        if found >= 0:
            table, key = reading.table, reading.table.primary_key
            raise RefusedTableError(
                table.name,
                f"The column {table.name}.{name} of the till of {reading.till.branch_id} holds a "
                f"NUL character where {key} is {batch[key][found].as_py()}, which Postgres cannot "
                "store: the table is not loaded until it is removed there.",
            )


def _schema(columns: sa.Table, table: TillTable, landed: Sequence[_Landed]) -> pa.Schema:
    fields = [pa.field("branch_id", pa.string(), nullable=False)]
    for column, (_, arrow_type) in zip(columns.columns, landed, strict=True):
        is_required = column.name == table.primary_key or (
            column.name == table.cursor and not column.nullable
        )
        fields.append(pa.field(column.name, arrow_type, nullable=not is_required))
    fields.append(pa.field("_deleted_at", pa.timestamp("us", "UTC")))
    return pa.schema(fields)


def _as_in_raw(branch_id: str, landed: Sequence[_Landed]) -> list[sa.ColumnElement[Any]]:
    """Return the branch and a till's columns, each in exactly its type of the raw layer."""
    return [
        sa.cast(sa.literal(branch_id), sa.Text),
        *(sa.cast(expression, _POSTGRES_TYPES[arrow_type]) for expression, arrow_type in landed),
    ]


def read_again(
    till: Till,
    warehouse: Warehouse,
    engine: sa.Engine,
    survey_: Survey,
    table: TillTable,
    heal: HealWindow,
    cursor: psycopg.Cursor[Any],
    target: sql.Identifier,
) -> list[str]:
    """Copy what a heal reads again of one table, in the types in which loads land it.

    Args:
        till: the branch's till.
        warehouse: where the sample company's tills live.
        engine: an engine on the till.
        survey_: what can be read.
        table: the table to read.
        heal: the rows to read.
        cursor: a cursor on the warehouse, in a transaction of the caller's.
        target: the table to copy into.

    Returns:
        The columns that were copied, the branch's id first.

    Raises:
        RefusedTableError: a value that Postgres cannot hold.
    """
    columns = survey_.columns(table)
    engine_name = engine.dialect.name
    landed = [_landing(column, engine_name) for column in columns.columns]
    window: list[sa.ColumnElement[bool]] = []
    if table.name not in heal.whole_tables:
        window = [_in_heal_window(columns, table, heal, engine_name)]
    names = ["branch_id", *columns.columns.keys()]
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    loader = TillLoader(engine, "connectorx", columns, {})
    with cursor.copy(statement) as copy:
        if engine_name == "postgresql":
            query = sa.select(*_as_in_raw(till.branch_id, landed)).where(*window)
            source = engine.raw_connection()
            try:
                source.cursor().copy_expert(
                    f"copy ({loader.compile_query(query)}) to stdout (format binary)", copy
                )
            except psycopg2.Error as error:  # the warehouse's are those of psycopg 3
                raise TillError(_cannot_read(error, till, till.url(warehouse))) from None
            finally:
                source.close()
        else:
            query = sa.select(*(expression for expression, _ in landed)).where(*window)
            schema = _schema(columns, table, landed)
            copy.set_types(["text", *(_POSTGRES_NAMES[arrow_type] for _, arrow_type in landed)])
            reading = _reading(till, warehouse, engine, table)
            for batch in _read(loader.compile_query(query), schema, reading):
                for row in zip(*(column.to_pylist() for column in batch.columns[:-1]), strict=True):
                    copy.write_row(row)
    return names


def _in_heal_window(
    selected: sa.Table, table: TillTable, heal: HealWindow, engine_name: str
) -> sa.ColumnElement[bool]:
    """Say which rows of a table belong to the orders of a heal window."""
    conditions = []
    if table.business_time:
        moment = selected.c[table.business_time]
        conditions += [_within(moment, stretch, engine_name) for stretch in heal.stretches]
        if heal.order_ids:
            conditions.append(selected.c[table.primary_key].in_(heal.order_ids))
        return sa.or_(*conditions)
    if not (table.parent_key or table.order_column):
        return sa.true()  # a menu is short
    orders = next(other for other in TABLES if other.business_time)
    wanted = table.order_column or orders.primary_key
    order_table = sa.table(
        orders.name,
        sa.column(wanted),
        sa.column(orders.primary_key),
        sa.column(str(orders.business_time)),
    )
    reference = selected.c[table.parent_key or table.primary_key]
    placed_at = order_table.c[str(orders.business_time)]
    for stretch in heal.stretches:
        is_within = _within(placed_at, stretch, engine_name)
        conditions.append(reference.in_(sa.select(order_table.c[wanted]).where(is_within)))
    if heal.order_ids:
        of_these_orders = sa.select(order_table.c[wanted]).where(
            order_table.c[orders.primary_key].in_(heal.order_ids)
        )
        conditions.append(reference.in_(of_these_orders))
    return sa.or_(*conditions)


def _within(
    moment: sa.ColumnElement[Any], stretch: Stretch, engine_name: str
) -> sa.ColumnElement[bool]:
    start, end = stretch
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if start:
        conditions.append(moment >= _timestamp(start, engine_name))
    if end:
        conditions.append(moment < _timestamp(end, engine_name))
    inside = sa.and_(*conditions)
    return inside if start else sa.or_(inside, moment.is_(None))


def moment_literal(moment: datetime, engine_name: str) -> str:
    """Return a moment as the literal that an engine reads as UTC.

    Args:
        moment: the moment; one without a zone is taken to be UTC.
        engine_name: SQLAlchemy's name of the engine, "postgresql" or "mysql".
    """
    moment = (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)
    offset = "+00:00" if engine_name == "postgresql" else ""  # MariaDB reads no offset
    return f"'{moment.isoformat(sep=' ', timespec='microseconds')}{offset}'"


def _timestamp(moment: datetime, engine_name: str) -> sa.ColumnClause[Any]:
    return sa.literal_column(moment_literal(moment, engine_name))


def _landing(column: sa.Column[Any], engine_name: str) -> _Landed:
    """Return how a column is selected and the Arrow type that it lands with."""
    kind = column.type
    if isinstance(kind, sa.Boolean) or (
        isinstance(kind, mysql.TINYINT) and kind.display_width == 1
    ):
        return column, pa.bool_()
    if isinstance(kind, sa.Integer) and not getattr(kind, "unsigned", False):
        return column, pa.int64()
    if isinstance(kind, sa.Float):
        return column, pa.float64()
    if isinstance(kind, sa.Numeric):
        # ConnectorX holds 28 digits, 10 of them after the point.
        if kind.precision and kind.precision <= 28 and (kind.scale or 0) <= 10:
            return column, pa.decimal128(38, 10)
        return _as_text(column, engine_name), pa.string()
    if isinstance(kind, sa.DateTime):
        return column, pa.timestamp("us", "UTC")
    if isinstance(kind, sa.Date):
        return column, pa.date32()
    if isinstance(kind, sa.LargeBinary):
        return column, pa.binary()
    if isinstance(kind, sa.String) and not isinstance(kind, sa.Enum):
        return column, pa.string()
    return _as_text(column, engine_name), pa.string()


_POSTGRES_TYPES: dict[pa.DataType, sa.types.TypeEngine[Any]] = {
    pa.bool_(): sa.Boolean(),
    pa.int64(): sa.BigInteger(),
    pa.float64(): sa.Double(),
    pa.decimal128(38, 10): sa.Numeric(38, 10),
    pa.timestamp("us", "UTC"): sa.DateTime(timezone=True),
    pa.date32(): sa.Date(),
    pa.binary(): sa.LargeBinary(),
    pa.string(): sa.String(),
}
_POSTGRES_NAMES = {
    pa.bool_(): "boolean",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.decimal128(38, 10): "numeric",
    pa.timestamp("us", "UTC"): "timestamp with time zone",
    pa.date32(): "date",
    pa.binary(): "bytea",
    pa.string(): "character varying",
}


def _as_text(column: sa.Column[Any], engine_name: str) -> Any:
    return sa.cast(column, sa.Text if engine_name == "postgresql" else sa.CHAR).label(column.name)


def _cast(column: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    if column.type == arrow_type:
        return column
    if pa.types.is_timestamp(arrow_type) and pa.types.is_timestamp(column.type):
        # Nanoseconds hold nothing below the microsecond; +00:00 and no zone at all both mean UTC.
        naive = column.cast(pa.timestamp(column.type.unit))
        return naive.cast(pa.timestamp("us"), safe=False).cast(arrow_type)
    return column.cast(arrow_type)


@dlt.source(name="pos")
def pos(
    till: Till,
    warehouse: Warehouse,
    engine: sa.Engine,
    survey_: Survey,
    progress: dict[str, TableProgress],
    references: References,
    *,
    is_initial: bool = False,
    is_first: bool = False,
) -> Any:
    """Read one till.

    Args:
        till: the branch's till.
        warehouse: where the sample company's tills live.
        engine: an engine on the till, for reflection.
        survey_: what can be read.
        progress: filled with what was read of each table.
        references: filled with what is to be copied from till to warehouse without a file between.
        is_initial: of this branch no load is complete: append, there being nothing to merge with.
        is_first: of no branch is any load complete.

    Returns:
        One dlt resource per table.
    """
    metadata = survey_.metadata
    for table in survey_.tables:
        reading = _reading(till, warehouse, engine, table, references, is_first=is_first)
        progress[table.name] = reading.progress
        incremental: dlt.sources.incremental[datetime] | None = None
        if table.cursor:
            incremental = dlt.sources.incremental(
                table.cursor,
                range_start="open",
                primary_key=(),
                on_cursor_value_missing="include",
            )
        resource = sql_table(
            credentials=engine,
            table=table.name,
            metadata=metadata,
            backend="connectorx",
            reflection_level="minimal",
            excluded_columns=list(table.excluded_columns) or None,
            primary_key=["branch_id", table.primary_key],
            write_disposition="append" if is_initial else MERGE,
            incremental=incremental,
            table_loader_class=TillLoader,
            backend_kwargs={"reading": reading},
        )
        # Only keys are required in the raw layer: a till may drop a column or allow nulls one day.
        reflected = metadata.tables[table.name].columns
        resource.apply_hints(
            columns={
                column.name: {"name": column.name, "nullable": True}
                for column in reflected
                if column.name != table.primary_key
            }
        )
        yield resource


def _reading(
    till: Till,
    warehouse: Warehouse,
    engine: sa.Engine,
    table: TillTable,
    references: References | None = None,
    *,
    is_first: bool = False,
) -> _Reading:
    references = {} if references is None else references
    url = till.url(warehouse)
    return _Reading(till, table, url, engine, TableProgress(), references, is_first)


@dataclass(frozen=True)
class Survey:
    """What a till offers, held against what the raw layer has.

    Attributes:
        tables: the tables that can be loaded.
        metadata: the till's tables, reflected.
        problems: one sentence for each table that cannot be loaded.
        notes: one sentence for each change that does not hinder.
    """

    tables: tuple[TillTable, ...]
    metadata: sa.MetaData
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def columns(self, table: TillTable) -> sa.Table:
        """Return a table with the columns that may leave the till."""
        whole = self.metadata.tables[table.name]
        kept = [column for column in whole.columns if column.name not in table.excluded_columns]
        return sa.Table(table.name, sa.MetaData(), *(column._copy() for column in kept))

    def without(self, refused: RefusedTableError) -> Survey:
        """Return what can be loaded beside a table that was refused."""
        tables = tuple(table for table in self.tables if table.name != refused.table)
        return replace(self, tables=tables, problems=(*self.problems, str(refused)))


def survey(
    till: Till,
    engine: sa.Engine,
    warehouse: Warehouse,
    raw: Mapping[str, Mapping[str, str]],
    known: Mapping[str, set[str]],
) -> Survey:
    """Connect to a till and compare its tables with the raw layer's.

    Args:
        till: the till.
        engine: an engine on it.
        warehouse: where the sample company's tills live.
        raw: the raw tables there are, each with its columns' types as Postgres names them.
        known: the columns that this till has ever landed, by table.

    Returns:
        What can be loaded, and what has changed.

    Raises:
        TillError: the till cannot be reached.
    """
    metadata = sa.MetaData()
    tables, problems, notes = [], [], []
    try:
        with engine.connect() as connection:
            present = set(sa.inspect(connection).get_table_names())
            for table in TABLES:
                if table.name not in present:
                    problems.append(f"The till of {till.branch_id} has no table {table.name}.")
                    continue
                with warnings.catch_warnings():
                    # Of types that SQLAlchemy does not know: they land as text.
                    warnings.simplefilter("ignore", sa.exc.SAWarning)
                    reflected = sa.Table(
                        table.name, metadata, autoload_with=connection, resolve_fks=False
                    )
                wrong, changed = _drift(
                    till,
                    table,
                    {
                        name: (column, _landing(column, engine.dialect.name)[1])
                        for name, column in reflected.columns.items()
                        if name not in table.excluded_columns
                    },
                    raw.get(table.name, {}),
                    known.get(table.name, set()),
                )
                notes += changed
                problems += wrong
                if not wrong:
                    tables.append(table)
    except sa.exc.DBAPIError as error:
        raise TillError(_cannot_read(error.orig, till, till.url(warehouse))) from None
    return Survey(tuple(tables), metadata, tuple(problems), tuple(notes))


def _drift(
    till: Till,
    table: TillTable,
    columns: Mapping[str, tuple[sa.Column[Any], pa.DataType]],
    raw: Mapping[str, str],
    known: set[str],
) -> tuple[list[str], list[str]]:
    """Return what hinders a table's loading, and what only changed."""
    wrong = [
        f"The till of {till.branch_id} has no column {table.name}.{name}, which loading needs: "
        "the table is not loaded."
        for name in (table.primary_key, table.cursor, table.business_time, table.parent_key)
        if name and name not in columns
    ]
    changed = []
    for name, (column, arrow_type) in columns.items():
        landing = _POSTGRES_NAMES[arrow_type]
        if raw.get(name, landing) != landing:
            wrong.append(
                f"The column {table.name}.{name} of the till of {till.branch_id} has changed its "
                f"type: it is {column.type} there and would land as {landing}, but "
                f"raw_pos.{table.name} has {raw[name]}. The table is not loaded until both agree."
            )
        elif known and name not in known:
            changed.append(f"New column {table.name}.{name} ({landing}) at {till.branch_id}.")
    changed += [
        f"The column {table.name}.{name} is gone at {till.branch_id}: it lands as null."
        for name in sorted(known.difference(columns, OWN_COLUMNS, table.excluded_columns))
    ]
    return wrong, changed


def cause(error: BaseException) -> BaseException:
    """Return what stands behind an error that dlt has wrapped, once or more."""
    while not isinstance(error, WarehouseError):
        inner = getattr(error, "exception", None) or error.__cause__
        if inner is None or inner is error:
            break
        error = inner
    return error


def explain(error: BaseException, till: Till, warehouse: Warehouse) -> str:
    """Return one sentence on why a till's load failed, without its password."""
    error = cause(error)
    if isinstance(error, WarehouseError):
        return str(error)
    # A till's own errors were told from these where they arose.
    if sentence := trouble(error):
        return f"The till of {till.branch_id} is not loaded. {sentence}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
    text = f"Loading the till of {till.branch_id} failed: {text}"
    return _hide(text, till.url(warehouse))


def _cannot_read(error: BaseException | None, till: Till, url: sa.URL) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[-1].rpartition("FATAL:")[-1].strip() if lines else "no answer"
    return _hide(
        f"The till of {till.branch_id} at {url.host}:{url.port or 'default port'} cannot be read "
        f"({reason}): check that its server runs and [sources.pos.tills.{till.branch_id}] in "
        f"{CONFIG_FILE}; the next run catches up.",
        url,
    )


def _hide(text: str, url: sa.URL) -> str:
    for secret in (url.password, url.render_as_string(hide_password=False)):
        if secret:
            text = text.replace(str(secret), "***")
    return text
