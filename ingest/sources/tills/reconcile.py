"""Compare every till with the raw layer, per business day, and heal the days that differ.

The two databases do the comparing, each with its own `group by`; Python sees one row per day. A
day that differs is read again whole and merged, its children with their orders. What the till then
no longer has is marked as deleted. Late commits, missed rows, edits without a new timestamp and
hard deletes are all mended this way, and what cannot be mended stays in `audit.reconciliation`.

A hash over each row's key, version and content goes with the counts and sums, which two edits can
leave as they were. Both engines compute it, over the same text of the same columns.

The last 35 days are compared every time, all days once a week. A till that has lost more than a
fifth of what the warehouse knows of the compared days is not believed: nothing is marked as
deleted then, and a person is asked.

A day that still trades at its branch is compared and recorded, and healed once it has closed:
orders that come in between the load and the comparison are no difference to mend.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from psycopg import sql

from ingest import pipeline
from ingest.sources import pos
from ingest.sources.pos import Branch, HealWindow, Stretch, Survey, Till, TillTable
from ingest.warehouse import LOADER, Warehouse, WarehouseError

if TYPE_CHECKING:
    from ingest.pipeline import Connection, LoadResult

WINDOW_DAYS = 35
SWEEP_DAYS = 7
"""After so many days all of a till is compared again, not the last days alone."""

WITNESSES = 200
"""So many orders, spread over all that are known, tell whether a till is still the same."""

LARGEST_LOSS = Decimal("0.2")
"""The share of a table's rows that a till may have lost; more is taken for an accident."""

SMALL_LOSS = 10
"""So few rows may always be gone: the share says little of them."""

A_YEAR = timedelta(days=366)

# Orders before and after, or without a time, count on these days: databases know infinity and years
# before Christ, Python does not.
FIRST_MOMENT, LAST_MOMENT = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
FIRST_DAY, LAST_DAY = date(1, 1, 3), date(9999, 12, 28)  # a zone may take a day off
FIGURES = (
    "orders",
    "order_total",
    "orders_hash",
    "lines",
    "line_total",
    "lines_hash",
    "payments",
    "payment_total",
    "refunds",
    "refund_total",
    "payments_hash",
)
KEYS_PER_QUERY = 5_000

# What the hashes see of a row, and how each column becomes the same text in both engines.
HASHED: Mapping[str, Mapping[str, str]] = {
    "orders": {
        "order_id": "text",
        "order_number": "text",
        "customer_id": "text",
        "channel": "text",
        "status": "text",
        "currency": "text",
        "gross_amount": "money",
        "discount_amount": "money",
        "tax_amount": "money",
        "total_amount": "money",
        "ordered_at": "moment",
        "updated_at": "moment",
    },
    "order_lines": {
        "order_line_id": "text",
        "order_id": "text",
        "line_number": "text",
        "product_id": "text",
        "quantity": "money",
        "unit_price": "money",
        "discount_amount": "money",
        "updated_at": "moment",
    },
    "payments": {
        "payment_id": "text",
        "order_id": "text",
        "payment_method": "text",
        "payment_type": "text",
        "currency": "text",
        "amount": "money",
        "tax_amount": "money",
        "tip_amount": "money",
        "paid_at": "moment",
        "updated_at": "moment",
    },
}

# 12 hexadecimal digits of a row's MD5 as a number: a sum of them tells one set of rows from another
# as far as accidents go, and no order of rows is needed for it.
HASHES = {
    "postgresql": "sum(cast(cast('x' || substr(md5(convert_to({}, 'UTF8')), 1, 12) as bit(48))"
    " as bigint))",
    "mysql": "sum(cast(conv(substr(md5({}), 1, 12), 16, 10) as unsigned))",
}
TEXTS = {
    "postgresql": {
        "text": "rtrim(cast({} as text))",
        "integer": "cast(cast({} as numeric(38, 10)) as text)",
        "money": "cast(cast({} as numeric(38, 10)) as text)",
        "double": "case when abs({0}) < 1e15 then cast(cast({0} as numeric(38, 4)) as text)"
        " else 'large' end",
        "moment": "cast(trunc(extract(epoch from {}) * 1000000) as text)",
    },
    "mysql": {
        "text": "rtrim(convert({} using utf8mb4))",
        "integer": "convert(cast({} as decimal(38, 10)) using utf8mb4)",
        "money": "convert(cast({} as decimal(38, 10)) using utf8mb4)",
        "double": "case when abs({0}) < 1e15"
        " then convert(cast({0} as decimal(38, 4)) using utf8mb4) else 'large' end",
        "moment": "convert(timestampdiff(microsecond, '1970-01-01', {}) using utf8mb4)",
    },
}

# What adds up of a column. A text counts where it is a plain number, by the same rule in both.
NUMBERS = {
    "postgresql": {
        "integer": "{}",
        "money": "nullif({}, 'NaN')",
        "double": "case when abs({0}) < 1e15 then cast({0} as numeric(38, 4)) else 0 end",
        "text": "case when cast({0} as text) ~ '^-?[0-9]{{1,15}}([.][0-9]{{1,30}})?$'"
        " then cast(cast({0} as text) as numeric(38, 10)) else 0 end",
    },
    "mysql": {
        "integer": "{}",
        "money": "{}",
        "double": "case when abs({0}) < 1e15 then cast({0} as decimal(38, 4)) else 0 end",
        # its $ would let a line feed pass
        "text": "case when {0} regexp '^-?[0-9]{{1,15}}([.][0-9]{{1,30}})?$'"
        " and {0} not regexp '[^0-9.-]' then cast({0} as decimal(38, 10)) else 0 end",
    },
}
SUMMED = {"total_amount": "o", "quantity": "l", "unit_price": "l", "amount": "p"}
"""The columns that are added up, each with the short name of its table in the queries."""

KINDS = {
    "money": {"numeric": "money", "bigint": "integer", "double precision": "double"},
    "moment": {"timestamp with time zone": "moment"},
}
"""How a column is compared, by what it is meant to be and its type in the raw layer; else as text:
a till's money may be text, and then all that is not a number in it still tells rows apart."""

DAYS = {
    "postgresql": "cast(least(greatest(o.ordered_at, {first}), {last}) at time zone 'UTC'"
    " + {seconds} * interval '1 second' as date)",
    "mysql": "cast(least(greatest(coalesce(o.ordered_at, timestamp {first}), timestamp {first}),"
    " timestamp {last}) + interval {seconds} second as date)",
}
DAYS_OF_EPOCH = {
    "postgresql": "floor(extract(epoch from ordered_at) / 86400)",
    "mysql": "floor(timestampdiff(second, '1970-01-01', ordered_at) / 86400)",
}

Figures = dict[str, Decimal]
Days = dict[date, Figures]
_Columns = Mapping[str, Mapping[str, str]]
"""By table, the columns to compare and how each is."""


# What is compared. {day} is the order's business date, {where} the rows: the two engines and the
# two sides differ in these only. Children are counted on their order's day.
QUERIES = (
    """
    select
        {day} as business_date,
        count(*) as orders,
        sum({total_amount}) as order_total,
        {orders_hash} as orders_hash
    from {schema}orders as o
    where {where}
    group by {day}
    """,
    """
    select
        {day} as business_date,
        count(*) as {lines},
        sum({quantity} * {unit_price}) as line_total,
        {order_lines_hash} as lines_hash
    from {schema}orders as o
    inner join {schema}order_lines as l on {lines_join}
    where {where}
    group by {day}
    """,
    """
    select
        {day} as business_date,
        sum(case when p.payment_type = 'sale' then 1 else 0 end) as payments,
        sum(case when p.payment_type = 'sale' then {amount} else 0 end) as payment_total,
        sum(case when p.payment_type = 'refund' then 1 else 0 end) as refunds,
        sum(case when p.payment_type = 'refund' then {amount} else 0 end) as refund_total,
        {payments_hash} as payments_hash
    from {schema}orders as o
    inner join {schema}payments as p on {payments_join}
    where {where}
    group by {day}
    """,
)


WITHOUT_ITS_ORDER = """
    select t.{key}
    from raw_pos.orders as o
    inner join {table} as t on o.branch_id = t.branch_id and o.order_id = t.{parent}
    where o.branch_id = %(branch)s and o._deleted_at is not null and t._deleted_at is null
"""
WAITING_FOR_ITS_ORDER = """
    select cast(substr(q.record_key, length(q.branch_id) + 2) as bigint)
    from audit.quarantine as q
    where q.source_name = 'pos' and q.table_name = %(table)s
        and q.branch_id = %(branch)s and q.released_at is null
        and not exists (
            select 1 from raw_pos.orders as o
            where o.branch_id = q.branch_id and o.order_id = q.order_id
        )
"""


@dataclass(frozen=True)
class ReconcileResult:
    """How a till and the raw layer compare.

    Attributes:
        branch_id: the branch.
        days: business days compared.
        healed: days that differed and are equal now.
        differing: closed days that still differ, with the figures that do.
        loads: the loads that the healing took.
        seconds: wall time.
        error: one sentence, where the comparison could not be made.
        refused: one sentence, where the till has lost too much to be believed.
    """

    branch_id: str
    days: int
    healed: tuple[date, ...]
    differing: Mapping[date, tuple[str, ...]]
    loads: tuple[LoadResult, ...]
    seconds: float
    error: str | None = None
    refused: str | None = None

    @property
    def problem(self) -> str | None:
        """One sentence on what a person must look at, or None."""
        if self.error or self.refused or not self.differing:
            return self.error or self.refused
        day, figures = next(iter(self.differing.items()))
        return (
            f"The till of {self.branch_id} and the warehouse still differ on "
            f"{len(self.differing)} day(s), first on {day} ({', '.join(figures)}): see "
            "audit.reconciliation where is_healed is false."
        )


@dataclass(frozen=True)
class _Span:
    """The business dates to compare, both ends included; None is open."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        """Say whether a business date lies in the span."""
        return (self.first or date.min) <= day <= (self.last or date.max)


@dataclass
class _Clock:
    """A branch's business date as arithmetic on UTC, which needs no time zones in the database."""

    branch: Branch
    zone: ZoneInfo = field(init=False)

    def __post_init__(self) -> None:
        """Look the zone up once."""
        self.zone = ZoneInfo(self.branch.time_zone)

    def starts(self, day: date) -> datetime:
        """Return the moment a business day begins, in UTC; the earlier one where there are two."""
        return self._cutover(day, fold=0)

    def ends(self, day: date) -> datetime:
        """Return the moment a business day has ended, in UTC; the later one where there are two."""
        return self._cutover(day + timedelta(days=1), fold=1)

    def business_date(self, moment: datetime) -> date:
        """Return the business date of a moment."""
        return (moment + self._shift(moment)).date()

    @cached_property
    def shifts(self) -> list[tuple[datetime, int]]:
        """From when on which number of seconds turns UTC into business time, the oldest first."""
        day = self.starts(self.branch.opened_on - A_YEAR)
        end = datetime.now(UTC) + A_YEAR
        shift = self._shift(day)
        shifts = [(day, int(shift.total_seconds()))]
        while day < end:
            next_day = min(day + timedelta(days=1), end)
            if self._shift(next_day) != shift:
                low, high = day, next_day
                while high - low > timedelta(seconds=1):
                    middle = (low + (high - low) / 2).replace(microsecond=0)
                    low, high = (middle, high) if self._shift(middle) == shift else (low, middle)
                shift = self._shift(high)
                shifts.append((high, int(shift.total_seconds())))
            day = next_day
        return shifts

    def _shift(self, moment: datetime) -> timedelta:
        offset = moment.astimezone(self.zone).utcoffset() or timedelta()
        return offset - timedelta(hours=self.branch.cutover_hour)

    def _cutover(self, day: date, fold: int) -> datetime:
        wall = wall_time(self.branch.cutover_hour, fold=fold)
        return datetime.combine(day, wall, tzinfo=self.zone).astimezone(UTC)


def reconcile(
    warehouse: Warehouse,
    branches: Sequence[str] | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
    full: bool = False,
    accept_loss: bool = False,
) -> list[ReconcileResult]:
    """Compare tills and raw layer, heal what differs, and record it in audit.reconciliation.

    Args:
        warehouse: the warehouse; the caller holds its lock.
        branches: which branches; default all that have a till.
        date_from: first business date; default 35 days before the branch's newest.
        date_to: last business date; default open.
        full: all days there are.
        accept_loss: mark rows as deleted however many are gone.

    Returns:
        One result per branch.
    """
    with warehouse.connect(name="mypizza reconcile", role=LOADER) as connection:
        pipeline.prepare_audit(connection)
        pipeline.index(connection)
        return [
            reconcile_till(
                warehouse,
                connection,
                till,
                _Span(date_from, date_to),
                full=full,
                accept_loss=accept_loss,
            )
            for till in pos.configured_tills(branches)
        ]


def reconcile_till(
    warehouse: Warehouse,
    connection: Connection,
    till: Till,
    span: _Span | None = None,
    *,
    full: bool = False,
    accept_loss: bool = False,
    survey: Survey | None = None,
) -> ReconcileResult:
    """Compare one till and heal it.

    Args:
        warehouse: the warehouse.
        connection: an autocommitting connection to it.
        till: the till.
        span: the business dates; without any, 35 days before the branch's newest, and all days
            once a week.
        full: all days there are.
        accept_loss: mark rows as deleted however many are gone.
        survey: what the load just done has found at the till, which it then believed.

    Returns:
        What was compared, healed, and still differs.
    """
    started = time.monotonic()
    clock = _Clock(till.branch)
    loads: list[LoadResult] = []
    try:
        engine = till.engine(warehouse)
        # Who accepts a loss means all of it, not that of the last days.
        full = full or (accept_loss and span in (None, _Span()))
        span = _Span() if full else _span(connection, till, clock, span or _Span())
        refused = None if accept_loss or survey else doubt(connection, engine, till)
        if refused:
            raise WarehouseError(refused)
        at_till, in_raw = _compare(connection, engine, clock, span)
        today = clock.business_date(datetime.now(UTC))
        found = _differing(at_till, in_raw)
        differing = {day: names for day, names in found.items() if not _is_open(day, today)}
        unfinished = _unfinished_heal(connection, till)
        window = HealWindow(
            tuple(_stretches(clock, list(differing))) + unfinished.stretches,
            unfinished.order_ids,
            tuple({*_incomplete_tables(connection, engine, till), *unfinished.whole_tables}),
        )
        if window:
            loads, refused = _heal(
                warehouse, connection, till, engine, survey, window,
                None if accept_loss else _moments(clock, span),
            )  # fmt: skip
            # What is mended lies on these days; the others need no second look.
            again = _Span(min(differing), max(differing)) if differing else span
            here, there = _compare(connection, engine, clock, again)
            at_till = {day: what for day, what in at_till.items() if day not in again} | here
            in_raw = {day: what for day, what in in_raw.items() if day not in again} | there
        orphans = _orphans_gone(connection, engine, till)
        if orphans:
            loads.append(pipeline.mark_deleted(connection, till, orphans))
        found = _differing(at_till, in_raw)
        still = {day: names for day, names in found.items() if not _is_open(day, today)}
        healed = tuple(day for day in differing if day not in still)
        _record(connection, till, span, at_till, in_raw, differing, today)
        days = len({*at_till, *in_raw})
        return ReconcileResult(
            till.branch_id, days, healed, still, tuple(loads), time.monotonic() - started,
            refused=refused,
        )  # fmt: skip
    except (WarehouseError, sa.exc.SQLAlchemyError) as error:
        return ReconcileResult(
            till.branch_id, 0, (), {}, tuple(loads), time.monotonic() - started,
            pos.explain(error, till, warehouse),
        )  # fmt: skip


def doubt(connection: Connection, engine: sa.Engine, till: Till) -> str | None:
    """Return one sentence where a till no longer has the orders that the raw layer knows of it.

    A till that was restored empty counts from 1 again, and its first new order would take the place
    of the oldest one by its key. So some orders, spread over all, are looked up at the till before
    anything is loaded: they must be there, on the same day give or take one.

    Args:
        connection: a connection to the warehouse.
        engine: an engine on the till.
        till: the till.
    """
    if not pipeline.exists(connection, "raw_pos.orders"):
        return None
    known: dict[int, Decimal | None] = dict(
        connection.execute(
            """
            select o.order_id, floor(extract(epoch from o.ordered_at) / 86400)
            from (
                select min(order_id) as lowest, max(order_id) as highest from raw_pos.orders
                where branch_id = %(branch)s and _deleted_at is null
            ) as ends
            cross join generate_series(
                lowest, highest, greatest((highest - lowest) / %(witnesses)s, 1)
            ) as wanted (order_id)
            cross join lateral (
                select order_id, ordered_at from raw_pos.orders
                where branch_id = %(branch)s and _deleted_at is null
                    and order_id >= wanted.order_id
                order by order_id limit 1
            ) as o
            """,
            {"branch": till.branch_id, "witnesses": WITNESSES},
        ).fetchall()
    )
    if not known:
        return None
    day = DAYS_OF_EPOCH[engine.dialect.name]
    with engine.connect() as till_connection:
        at_till: dict[int, Decimal | None] = dict(
            till_connection.execute(
                sa.select(sa.column("order_id"), sa.literal_column(day))
                .select_from(sa.table("orders"))
                .where(sa.column("order_id").in_(known))
            ).all()
        )
    lost = sum(
        order_id not in at_till or not _is_near(at_till[order_id], then)
        for order_id, then in known.items()
    )
    if lost <= max(SMALL_LOSS, int(LARGEST_LOSS * len(known))):
        return None
    return (
        f"The till of {till.branch_id} has lost or exchanged {lost:,} of {len(known):,} orders "
        "that were looked up there, as if emptied, restored badly or mistaken for another: "
        "nothing is loaded from it. Restore the till, or, if it is right as it is, run mypizza "
        f"reconcile --branch {till.branch_id} --accept-loss."
    )


def _is_near(one: Decimal | None, other: Decimal | None) -> bool:
    """Say whether two days are the same, give or take one: a clock may have been set right."""
    return one == other or (one is not None and other is not None and abs(one - other) <= 1)


def _span(connection: Connection, till: Till, clock: _Clock, asked: _Span) -> _Span:
    """Return the span to compare: what was asked for, or the days before the newest, or all.

    The window reaches back from the newest day of the comparison before this one: rows that
    committed late around that day are in it, however long ago it was.
    """
    if asked.first or not pipeline.exists(connection, "raw_pos.orders"):
        return asked
    # An order dated in the future by a wrong clock must not take the window with it.
    newest_order, newest_compared = connection.execute(
        "select (select max(ordered_at) from raw_pos.orders where branch_id = %(branch)s"
        " and ordered_at > '1900-01-01' and ordered_at < now() + interval '1 day'),"
        " (select max(business_date) from audit.reconciliation"
        " where source = 'pos' and branch_id = %(branch)s and at_till <> 0"
        " and business_date between '1900-01-01' and cast(reconciled_at as date) + 1)",
        {"branch": till.branch_id},
    ).fetchall()[0]
    if newest_order is None or newest_compared is None:
        return asked
    newest = min(asked.last or clock.business_date(newest_order), newest_compared)
    first = newest - timedelta(days=WINDOW_DAYS)
    if asked.last is None and _is_sweep_due(connection, till, clock, first):
        return _Span()
    return _Span(first, asked.last)


def _is_sweep_due(connection: Connection, till: Till, clock: _Clock, first: date) -> bool:
    """Say whether days before the window wait for a comparison.

    They do after a week, as long as one of them differs, and where the oldest was never compared: a
    first load may have been killed before its comparison. A comparison of all days renews all of a
    branch's rows in audit.reconciliation, so the oldest of these tells when the last one was.
    """
    row = connection.execute(
        sql.SQL(
            """
        select
            min(reconciled_at) < now() - %(days)s * interval '1 day'
            or bool_or(business_date < %(first)s and difference <> 0),
            min(business_date),
            (
                select {day} from (
                    select min(ordered_at) as ordered_at from raw_pos.orders
                    where branch_id = %(branch)s and _deleted_at is null
                ) as o
                where o.ordered_at is not null
            )
        from audit.reconciliation
        where source = 'pos' and branch_id = %(branch)s
        """
        ).format(day=_day(clock, _Span(), "postgresql")),
        {"days": SWEEP_DAYS, "first": first, "branch": till.branch_id},
    ).fetchone()
    if row is None:
        return True
    is_due, oldest_compared, oldest_order = row
    if is_due or oldest_compared is None:
        return True
    return oldest_order is not None and bool(oldest_order < oldest_compared)


def _moments(clock: _Clock, span: _Span) -> tuple[datetime | None, datetime | None]:
    """Return when a span begins and when it ends, None where it is open."""
    return (
        clock.starts(span.first) if span.first and span.first > FIRST_DAY else None,
        clock.ends(span.last) if span.last and span.last < LAST_DAY else None,
    )


def _is_open(day: date, today: date) -> bool:
    """Say whether a branch may still trade on a day; not on those that only a wrong clock knows."""
    return today <= day <= today + timedelta(days=1)


def _compare(
    connection: Connection, engine: sa.Engine, clock: _Clock, span: _Span
) -> tuple[Days, Days]:
    """Return the figures per business day, at the till and in the raw layer."""
    with engine.connect() as till_connection, ThreadPoolExecutor(1) as pool:
        columns = _common_columns(connection, till_connection)
        # Two servers, so at the same time.
        at_till = pool.submit(_figures_at_till, till_connection, columns, clock, span)
        in_raw = _figures_in_raw(connection, columns, clock, span)
        return at_till.result(), in_raw


def _figures_at_till(
    till_connection: sa.Connection, columns: _Columns, clock: _Clock, span: _Span
) -> Days:
    """Return the figures per business day as the till's engine works them out."""
    days: Days = {}
    dialect = till_connection.dialect.name
    for query in QUERIES:
        text = sql.SQL(query).format(
            day=_day(clock, span, dialect),
            where=_where(clock, span, dialect),
            schema=sql.SQL(""),
            lines=sql.SQL("`lines`" if dialect == "mysql" else "lines"),
            lines_join=sql.SQL("l.order_id = o.order_id"),
            payments_join=sql.SQL("p.order_id = o.order_id"),
            **_hashes(columns, dialect),
            **_numbers(columns, dialect),
        )
        _collect(days, till_connection.exec_driver_sql(text.as_string()).mappings())
    return days


def _figures_in_raw(connection: Connection, columns: _Columns, clock: _Clock, span: _Span) -> Days:
    """Return the figures per business day as the warehouse works them out."""
    days: Days = {}
    branch = sql.Literal(clock.branch.branch_id)
    alive = sql.SQL("{0}.branch_id = {1} and {0}._deleted_at is null")
    join = sql.SQL("{0}.branch_id = {1} and {0}._deleted_at is null and {0}.order_id = o.order_id")
    for query in QUERIES:
        cursor = connection.execute(
            sql.SQL(query).format(
                day=_day(clock, span, "postgresql"),
                where=sql.SQL(" and ").join(
                    [alive.format(sql.SQL("o"), branch), _where(clock, span, "postgresql")]
                ),
                schema=sql.SQL("raw_pos."),
                lines=sql.SQL("lines"),
                lines_join=join.format(sql.SQL("l"), branch),
                payments_join=join.format(sql.SQL("p"), branch),
                **_hashes(columns, "postgresql"),
                **_numbers(columns, "postgresql"),
            )
        )
        names = [column.name for column in cursor.description or []]
        _collect(days, [dict(zip(names, row, strict=True)) for row in cursor])
    return days


def _common_columns(connection: Connection, till_connection: sa.Connection) -> _Columns:
    """Return the columns to compare that both sides have, and how: a till may have dropped one."""
    is_postgres = till_connection.dialect.name == "postgresql"
    here = "any(current_schemas(false))" if is_postgres else "database()"
    query = (
        "select table_name as t, column_name as c, data_type as d from information_schema.columns"
        " where table_schema = "
    )
    at_till = {(row[0], row[1]) for row in till_connection.exec_driver_sql(query + here)}
    in_raw = {(row[0], row[1]): row[2] for row in connection.execute(query + "'raw_pos'")}
    return {
        table: {
            name: KINDS.get(kind, {}).get(in_raw[table, name], "text")
            for name, kind in columns.items()
            if (table, name) in at_till and (table, name) in in_raw
        }
        for table, columns in HASHED.items()
    }


def _hashes(columns: _Columns, dialect: str) -> dict[str, sql.Composable]:
    """Return the SQL of the hashes, by table."""
    hashes: dict[str, sql.Composable] = {}
    for alias, (table, kinds) in zip("olp", columns.items(), strict=True):
        texts = [
            f"coalesce({TEXTS[dialect][kind].format(f'{alias}.{name}')}, '~')"
            for name, kind in kinds.items()
        ]
        row = f"concat_ws('|', {', '.join(texts)})"
        hashes[f"{table}_hash"] = sql.SQL(HASHES[dialect].format(row))
    return hashes


def _numbers(columns: _Columns, dialect: str) -> dict[str, sql.Composable]:
    """Return the SQL of what is added up, by column."""
    kinds = {name: kind for table in columns.values() for name, kind in table.items()}
    return {
        name: sql.SQL(
            NUMBERS[dialect][kinds[name]].format(f"{alias}.{name}") if name in kinds else "0"
        )
        for name, alias in SUMMED.items()
    }


def _day(clock: _Clock, span: _Span, dialect: str) -> sql.Composable:
    """Return the SQL of an order's business date."""
    # Newest first: most orders that are ever compared are recent ones.
    (_, oldest), *changes = clock.shifts
    start, _ = _moments(clock, span)
    newer = []
    for since, seconds_then in reversed(changes):
        newer.append((since, seconds_then))
        if start and since <= start:
            break
    cases = [
        sql.SQL("when o.ordered_at >= {} then {}").format(
            _literal(since, dialect), sql.Literal(seconds)
        )
        for since, seconds in newer
    ]
    seconds: sql.Composable = sql.Literal(oldest)
    if cases:
        seconds = sql.SQL("(case {} else {} end)").format(sql.SQL(" ").join(cases), seconds)
    return sql.SQL(DAYS[dialect]).format(
        first=_literal(FIRST_MOMENT, dialect), last=_literal(LAST_MOMENT, dialect), seconds=seconds
    )


def _where(clock: _Clock, span: _Span, dialect: str) -> sql.Composable:
    """Return the SQL that keeps a comparison to the orders of a span."""
    return _within(_moments(clock, span), dialect)


def _within(stretch: Stretch, dialect: str = "postgresql") -> sql.Composable:
    """Return the SQL that keeps the orders o to a stretch of time."""
    start, end = stretch
    conditions: list[sql.Composable] = [sql.SQL("1 = 1")]
    if start:
        conditions.append(sql.SQL("o.ordered_at >= {}").format(_literal(start, dialect)))
    if end:
        is_before = sql.SQL("o.ordered_at < {}").format(_literal(end, dialect))
        has_no_time = sql.SQL("" if start else " or o.ordered_at is null")
        conditions.append(sql.SQL("({}{})").format(is_before, has_no_time))
    return sql.SQL(" and ").join(conditions)


def _literal(moment: datetime, dialect: str) -> sql.Composable:
    return sql.SQL(pos.moment_literal(moment, dialect))


def _collect(days: Days, rows: Any) -> None:
    """Add the figures of one query's rows to those of their days."""
    for row in rows:
        figures = days.setdefault(row["business_date"], dict.fromkeys(FIGURES, Decimal(0)))
        figures.update({name: Decimal(row[name] or 0) for name in FIGURES if name in row})


def _differing(at_till: Days, in_raw: Days) -> dict[date, tuple[str, ...]]:
    """Return the days that differ, in order, with the figures that do."""
    differing = {}
    for day in sorted({*at_till, *in_raw}):
        here, there = at_till.get(day, {}), in_raw.get(day, {})
        names = tuple(name for name in FIGURES if here.get(name, 0) != there.get(name, 0))
        if names:
            differing[day] = names
    return differing


def _stretches(clock: _Clock, days: Sequence[date]) -> Iterator[Stretch]:
    """Yield the stretches of time that the business days cover, neighbours joined."""
    remaining = sorted(days)
    while remaining:
        first = last = remaining.pop(0)
        while remaining and remaining[0] - last == timedelta(days=1):
            last = remaining.pop(0)
        yield _moments(clock, _Span(first, last))


def _unfinished_heal(connection: Connection, till: Till) -> HealWindow:
    """Return what heals that did not end were to read: some of it may lie merged and uncounted."""
    rows = connection.execute(
        """
        select tables -> 'heal' from audit.loads
        where source = 'pos' and branch_id = %(branch)s and kind = 'heal'
            and outcome <> 'succeeded' and tables ? 'heal'
            and started_at > coalesce(
                (
                    select max(started_at) from audit.loads
                    where source = 'pos' and branch_id = %(branch)s and kind = 'heal'
                        and outcome = 'succeeded'
                ),
                '-infinity'
            )
        """,
        {"branch": till.branch_id},
    ).fetchall()
    stretches = {
        (start and datetime.fromisoformat(start), end and datetime.fromisoformat(end))
        for (heal,) in rows
        for start, end in heal["stretches"]
    }
    order_ids = {order_id for (heal,) in rows for order_id in heal["order_ids"]}
    whole_tables = {name for (heal,) in rows for name in heal.get("whole_tables", ())}
    return HealWindow(tuple(stretches), tuple(sorted(order_ids)), tuple(whole_tables))


def _incomplete_tables(connection: Connection, engine: sa.Engine, till: Till) -> Iterator[str]:
    """Name the tables without business days whose keys are not those of the till.

    A product whose row commits late is missed by its cursor, and no day would show it.
    """
    with engine.connect() as till_connection:
        for table in pos.TABLES:
            if (
                table.belongs_to_a_day
                or not sa.inspect(till_connection).has_table(table.name)
                or not pipeline.exists(connection, f"raw_pos.{table.name}")
            ):
                continue
            key: sa.ColumnClause[int] = sa.column(table.primary_key)
            at_till = till_connection.execute(
                sa.select(sa.func.count(), sa.func.sum(key)).select_from(sa.table(table.name))
            ).one()
            in_raw = connection.execute(
                sql.SQL(
                    "select count(*), sum({}) from {} where branch_id = %s and _deleted_at is null"
                ).format(sql.Identifier(table.primary_key), sql.Identifier("raw_pos", table.name)),
                [till.branch_id],
            ).fetchone()
            if tuple(at_till) != in_raw:
                yield table.name


def _orphans_gone(
    connection: Connection, engine: sa.Engine, till: Till
) -> dict[TillTable, list[int]]:
    """Return the keys of records that went with their order, or without one, by table.

    They stand on no business day, so no comparison shows that they are gone. Those of a deleted
    order go with it, whatever the till keeps of them; those whose order never came wait in the
    quarantine, and are looked up at the till.
    """
    gone = {}
    for table in pos.TABLES:
        if not table.parent_key or not pipeline.exists(connection, f"raw_pos.{table.name}"):
            continue
        lost = _keys(connection, WITHOUT_ITS_ORDER, table, till)
        if pipeline.exists(connection, "audit.quarantine"):
            waiting = _keys(connection, WAITING_FOR_ITS_ORDER, table, till)
            with engine.connect() as till_connection:
                found = _order_of(till_connection, table, waiting)
            lost += [key for key in waiting if key not in found]
        if lost:
            gone[table] = lost
    return gone


def _keys(connection: Connection, query: str, table: TillTable, till: Till) -> list[int]:
    statement = sql.SQL(query).format(
        table=sql.Identifier("raw_pos", table.name),
        key=sql.Identifier(table.primary_key),
        parent=sql.Identifier(str(table.parent_key)),
    )
    parameters = {"table": table.name, "branch": till.branch_id}
    return [key for (key,) in connection.execute(statement, parameters)]


def _heal(
    warehouse: Warehouse,
    connection: Connection,
    till: Till,
    engine: sa.Engine,
    survey: Survey | None,
    window: HealWindow,
    compared: tuple[datetime | None, datetime | None] | None,
) -> tuple[list[LoadResult], str | None]:
    """Read the orders of a window again, and mark as deleted what the till no longer has.

    Args:
        warehouse: the warehouse.
        connection: an autocommitting connection to it.
        till: the till.
        engine: an engine on it.
        survey: what is known of its tables already.
        window: the orders to read again.
        compared: from when to when the till was compared, against which a loss is measured; None
            believes the till whatever it has lost.

    Returns:
        The loads that it took, and why nothing was marked as deleted, where that is so.
    """
    loads: list[LoadResult] = []
    survey = survey or pipeline.survey_till(warehouse, connection, till, engine)
    if not pipeline.has_landed(connection, till, survey):
        loads.append(pipeline.load_till(warehouse, connection, till))
        if loads[-1].outcome != "succeeded":
            return loads, None
        survey = pipeline.survey_till(warehouse, connection, till, engine)
    loads.append(pipeline.heal_till(warehouse, connection, till, engine, survey, window))
    if loads[-1].outcome != "succeeded":
        return loads, None
    load_id = pipeline.last_complete_load(connection, f"pos_{till.branch_id}")
    candidates = {
        table: _not_read_again(connection, till, table, window, load_id)
        for table in pos.TABLES
        if window.covers(table)
    }
    moved: set[int] = set()
    gone: dict[TillTable, list[int]] = {}
    with engine.connect() as till_connection:
        for table, keys in candidates.items():
            found = _order_of(till_connection, table, keys)
            if table.belongs_to_a_day:
                moved.update(found.values())
            gone[table] = [key for key in keys if key not in found]
    if moved:
        # Still at the till, only on another day or another order: not gone, but to be read again.
        orders = HealWindow(order_ids=tuple(sorted(moved)))
        loads.append(pipeline.heal_till(warehouse, connection, till, engine, survey, orders))
    if not any(gone.values()) or loads[-1].outcome != "succeeded":
        return loads, None
    refused = _too_much_gone(connection, till, gone, compared) if compared else None
    if refused is None:
        loads.append(pipeline.mark_deleted(connection, till, gone))
    return loads, refused


def _too_much_gone(
    connection: Connection,
    till: Till,
    gone: Mapping[TillTable, Sequence[int]],
    compared: tuple[datetime | None, datetime | None],
) -> str | None:
    """Return one sentence where a till has lost so much that it is not to be believed."""
    for table, keys in gone.items():
        if len(keys) <= SMALL_LOSS:
            continue
        known = _known_rows(connection, till, table, compared)
        if len(keys) > LARGEST_LOSS * known:
            return (
                f"The till of {till.branch_id} has lost {len(keys):,} of {known:,} rows of "
                f"{table.name} in the compared days, as if emptied or restored badly: nothing is "
                "marked as deleted. Restore the till, or, if the rows are to go, run mypizza "
                f"reconcile --branch {till.branch_id} --accept-loss."
            )
    return None


def _known_rows(
    connection: Connection,
    till: Till,
    table: TillTable,
    compared: tuple[datetime | None, datetime | None],
) -> int:
    """Return how many rows the raw layer has of the compared days, or of a table without days."""
    orders = next(table for table in pos.TABLES if table.business_time)
    of_the_branch = "select count(*) from {table} as t where t.branch_id = %s"
    of_its_days = """
        select count(*)
        from {orders} as o
        inner join {table} as t on t.branch_id = o.branch_id and t.{parent} = o.{order}
        where o.branch_id = %s and {within}
    """
    query = of_its_days if table.belongs_to_a_day else of_the_branch
    row = connection.execute(
        sql.SQL(query + " and t._deleted_at is null").format(
            orders=sql.Identifier("raw_pos", orders.name),
            table=sql.Identifier("raw_pos", table.name),
            parent=sql.Identifier(table.parent_key or table.primary_key),
            order=sql.Identifier(orders.primary_key),
            within=_within(compared),
        ),
        [till.branch_id],
    ).fetchone()
    return int(row[0]) if row else 0


def _not_read_again(
    connection: Connection, till: Till, table: TillTable, window: HealWindow, load_id: str | None
) -> list[int]:
    """Return the keys of a window's rows that the heal did not bring again."""
    if not table.belongs_to_a_day:
        return [key for (key,) in connection.execute(
            sql.SQL(
                "select {} from {} where branch_id = %s and _deleted_at is null"
                " and _dlt_load_id <> %s"
            ).format(sql.Identifier(table.primary_key), sql.Identifier("raw_pos", table.name)),
            [till.branch_id, load_id],
        )]  # fmt: skip
    keys: set[int] = set()
    orders = next(other for other in pos.TABLES if other.business_time)
    wanted = sql.SQL("o.{} = any(%(order_ids)s)").format(sql.Identifier(orders.primary_key))
    for is_wanted in [wanted, *map(_within, window.stretches)]:
        rows = connection.execute(
            sql.SQL(
                """
                select t.{key}
                from {orders} as o
                inner join {table} as t on t.branch_id = o.branch_id and t.{parent} = o.{order}
                where o.branch_id = %(branch)s
                    and {wanted}
                    and t._deleted_at is null and t._dlt_load_id <> %(load_id)s
                """
            ).format(
                key=sql.Identifier(table.primary_key),
                orders=sql.Identifier("raw_pos", orders.name),
                table=sql.Identifier("raw_pos", table.name),
                parent=sql.Identifier(table.parent_key or table.primary_key),
                order=sql.Identifier(orders.primary_key),
                wanted=is_wanted,
            ),
            {
                "branch": till.branch_id,
                "order_ids": list(window.order_ids),
                "load_id": load_id,
            },
        ).fetchall()
        keys.update(key for (key,) in rows)
    return sorted(keys)


def _order_of(
    till_connection: sa.Connection, table: TillTable, keys: Sequence[int]
) -> dict[int, int]:
    """Return, of some keys, those that the till still has, with the order of each."""
    found: dict[int, int] = {}
    key: sa.ColumnClause[int] = sa.column(table.primary_key)
    order: sa.ColumnClause[int] = sa.column(table.parent_key or table.primary_key)
    for start in range(0, len(keys), KEYS_PER_QUERY):
        some = keys[start : start + KEYS_PER_QUERY]
        query = sa.select(key, order).select_from(sa.table(table.name)).where(key.in_(some))
        found.update({row[0]: row[1] for row in till_connection.execute(query)})
    return found


def _record(
    connection: Connection,
    till: Till,
    span: _Span,
    at_till: Days,
    in_raw: Days,
    differed: Mapping[date, Sequence[str]],
    today: date,
) -> None:
    """Write the figures of the compared days; days that have none on either side become zero."""
    known = connection.execute(
        "select distinct business_date from audit.reconciliation"
        " where source = 'pos' and branch_id = %s and business_date between %s and %s",
        [till.branch_id, span.first or date.min, span.last or date.max],
    ).fetchall()
    emptied = {day for (day,) in known}
    rows = []
    for day in sorted({*at_till, *in_raw, *emptied}):
        for name in FIGURES:
            here = at_till.get(day, {}).get(name, Decimal(0)).normalize()
            there = in_raw.get(day, {}).get(name, Decimal(0)).normalize()
            is_healed = here == there if here != there or name in differed.get(day, ()) else None
            rows.append(
                (
                    till.branch_id,
                    day,
                    name,
                    here,
                    there,
                    there - here,
                    is_healed,
                    _is_open(day, today),
                )
            )
    with connection.cursor() as cursor, connection.transaction():
        cursor.executemany(
            """
            insert into audit.reconciliation as known (
                source, branch_id, business_date, figure, reconciled_at, run_id,
                at_till, in_raw, difference, is_healed, is_open_day
            )
            values (
                'pos', %s, %s, %s, now(),
                (
                    select run_id from audit.loads where source = 'pos' and branch_id = %s
                    order by started_at desc limit 1
                ),
                %s, %s, %s, %s, %s
            )
            on conflict (source, branch_id, business_date, figure) do update set
                reconciled_at = excluded.reconciled_at,
                run_id = excluded.run_id,
                at_till = excluded.at_till,
                in_raw = excluded.in_raw,
                difference = excluded.difference,
                -- A figure that was mended once stays marked so while it is equal.
                is_healed = coalesce(
                    excluded.is_healed, case when known.is_healed is not null then true end
                ),
                is_open_day = excluded.is_open_day
            """,
            [(row[0], row[1], row[2], row[0], *row[3:]) for row in rows],
        )
