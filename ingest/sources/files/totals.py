"""Hold the export of a till without a database against the till's own day totals.

Both come as files and land as text, so both sides of the comparison stand in the warehouse: one
query reads them with the dialect of their feeds (`raw_files._feeds`). A closed day that differs has
its files read once more, whatever their size and time say; what still differs then stays in
`audit.reconciliation` and fails the audit. A value that cannot be read counts as nothing, and so
shows as a difference.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, LiteralString
from zoneinfo import ZoneInfo

from psycopg import sql

from ingest import files, pipeline
from ingest.pipeline import Connection, LoadResult
from ingest.sources import pos

if TYPE_CHECKING:
    from ingest.sources.files import Feed, Totals
    from ingest.sources.pos import Branch
    from ingest.warehouse import Warehouse

# What a figure is in the sales: a line with a negative quantity is a refund.
FIGURES: Mapping[str, str] = {
    "orders": "count(distinct receipt) filter (where quantity >= 0)",
    "lines": "count(*)",
    "order_total": "sum(quantity * unit_price) filter (where quantity >= 0)",
    "refund_total": "- sum(quantity * unit_price) filter (where quantity < 0)",
}

COMPARE = """
with sales as (
    select
        {sales_date} - case when {sales_time} < make_time({cutover_hour}, 0, 0) then 1 else 0 end
            as business_date,
        {receipt} as receipt,
        {quantity} as quantity,
        {unit_price} as unit_price
    from {sales_table} as landed
    cross join (select * from raw_files._feeds where feed = {sales}) as dialect
    where landed._deleted_at is null and landed._reject is null
),

in_raw as (
    select business_date, {figures}
    from sales
    group by business_date
),

at_till as (
    select {totals_date} as business_date, {totals_figures}
    from {totals_table} as landed
    cross join (select * from raw_files._feeds where feed = {totals}) as dialect
    where landed._deleted_at is null and landed._reject is null
    group by {totals_date}
)

select
    coalesce(at_till.business_date, in_raw.business_date),
    figures.figure,
    coalesce(figures.at_till, 0),
    coalesce(figures.in_raw, 0)
from at_till
full join in_raw on at_till.business_date = in_raw.business_date
cross join lateral (values {pairs}) as figures (figure, at_till, in_raw)
where coalesce(at_till.business_date, in_raw.business_date) is not null
"""

# A number, a day and a time of day, read by the dialect; null where that cannot be done.
NUMBER = """
(
    select case when pg_input_is_valid(plain, 'numeric') then cast(plain as numeric) end
    from (
        select replace(replace(replace(regexp_replace(
            replace(landed.{column}, dialect.currency_sign, ''),
            case
                when dialect.thousands_separator ~ '[[:space:]\u00a0\u202f]'
                    then '[[:space:]\u00a0\u202f]'
                else '^[[:space:]\u00a0\u202f]+|[[:space:]\u00a0\u202f]+$'
            end,
            '', 'g'), dialect.thousands_separator, ''),
            case when dialect.decimal_separator <> '.' then '.' else '' end, '?'),
            dialect.decimal_separator, '.') as plain
    ) as read
)
"""
DATE = """
(
    select case when pg_input_is_valid(plain, 'date') then cast(plain as date) end
    from (
        select
            substr(landed.{column}, strpos(dialect.date_format, 'YYYY'), 4)
            || '-' || substr(landed.{column}, strpos(dialect.date_format, 'MM'), 2)
            || '-' || substr(landed.{column}, strpos(dialect.date_format, 'DD'), 2) as plain
    ) as read
)
"""
TIME = """
(
    select case when pg_input_is_valid(plain, 'time') then cast(plain as time) end
    from (
        select
            -- letters behind it, as of a clock with PM, make it no time
            case
                when upper(substr(padded, length(format) + 1))
                    = lower(substr(padded, length(format) + 1))
                    then substr(padded, strpos(format, 'HH'), 2)
            end
            || ':' || substr(padded, strpos(format, 'MI'), 2)
            || ':' || case
                when strpos(format, 'SS') > 0 then substr(padded, strpos(format, 'SS'), 2) else '00'
            end as plain
        from (
            select
                format,
                case
                    when format like 'HH%%' and length(landed.{column}) = length(format) - 1
                        then '0' || landed.{column}
                    else landed.{column}
                end as padded
            from (select replace(dialect.time_format, 'HH24', 'HH') as format) as written
        ) as widened
    ) as read
)
"""

RECORD = """
insert into audit.reconciliation as known (
    source, branch_id, business_date, figure, reconciled_at, run_id,
    at_till, in_raw, difference, is_healed, is_open_day
)
values (
    'files', %(branch)s, %(day)s, %(figure)s, now(),
    (
        select run_id from audit.loads where source = 'files' and branch_id = %(branch)s
        order by started_at desc limit 1
    ),
    %(at_till)s, %(in_raw)s, %(in_raw)s - %(at_till)s, %(is_healed)s, %(is_open)s
)
on conflict (source, branch_id, business_date, figure) do update set
    reconciled_at = excluded.reconciled_at,
    run_id = excluded.run_id,
    at_till = excluded.at_till,
    in_raw = excluded.in_raw,
    difference = excluded.difference,
    is_healed = coalesce(
        excluded.is_healed, case when known.is_healed is not null then true end
    ),
    is_open_day = excluded.is_open_day
"""

FORGET_EMPTY_DAYS = """
update audit.reconciliation
set at_till = 0, in_raw = 0, difference = 0, reconciled_at = now()
where source = 'files' and branch_id = %s and not business_date = any(%s)
"""

Compared = dict[tuple[date, str], tuple[object, object]]
"""What the till's totals say and what the raw layer has, by business day and figure."""


@dataclass(frozen=True)
class Export:
    """A till's export: its sales, its totals, and how the two belong together."""

    sales: Feed
    totals: Feed
    declared: Totals
    branch: Branch


def exports(feeds: Sequence[Feed]) -> list[Export]:
    """Return the exports that have totals.

    Args:
        feeds: all feeds, checked.
    """
    known = {feed.name: feed for feed in feeds}
    return [
        Export(feed, known[feed.totals.feed], feed.totals, pos.branches()[feed.branch])
        for feed in feeds
        if feed.totals and feed.branch
    ]


def reconcile_export(
    warehouse: Warehouse, connection: Connection, export: Export
) -> list[LoadResult]:
    """Compare a till's export with its day totals, read again what differs, and record it.

    Args:
        warehouse: the warehouse.
        connection: an autocommitting connection to it.
        export: the export, whose feeds were loaded.

    Returns:
        The loads that the healing took, and a failed one where days still differ.
    """
    started = time.monotonic()
    both, branch = (export.sales, export.totals), export.branch
    if not pipeline.exists(connection, f"{files.RAW}.{export.sales.name}"):
        return []
    if not pipeline.exists(connection, f"{files.RAW}.{export.totals.name}"):
        return _without_totals(connection, export)
    if problem := _missing_columns(connection, export):
        return [_failed(export, problem, started)]
    now = datetime.now(ZoneInfo(branch.time_zone))
    today = (now - timedelta(hours=branch.cutover_hour)).date()
    compared = _compare(connection, export)
    differing = _differing(compared, today)
    loads = []
    if differing:
        for feed in both:
            names = _files_of(connection, export, feed, differing)
            if names:
                loads.append(files.load_feed(warehouse, connection, feed, again=names))
        compared = _compare(connection, export)
    still = _differing(compared, today)
    _record(connection, branch.branch_id, compared, differing, today)
    if still:
        problem = (
            f"The export of {branch.branch_id} (feed {export.sales.name}) and its totals (feed "
            f"{export.totals.name}) differ on {len(still)} day(s), first on {min(still)}: see "
            "audit.reconciliation where source = 'files' and difference <> 0, and ask the branch "
            "for the files again."
        )
        loads.append(_failed(export, problem, started))
    return loads


def _failed(export: Export, problem: str, started: float) -> LoadResult:
    seconds = time.monotonic() - started
    return LoadResult("files", export.branch.branch_id, "heal", 0, {}, seconds, "failed", problem)


def _missing_columns(connection: Connection, export: Export) -> str | None:
    """Say which columns the totals are declared by, and which the files do not have."""
    declared = export.declared
    wanted: list[tuple[Feed, list[str | None]]] = [
        (
            export.sales,
            [declared.date, declared.time, declared.order, declared.quantity, declared.unit_price],
        ),
        (export.totals, list(declared.columns)),
    ]
    for feed, names in wanted:
        table = sql.Identifier(files.RAW, feed.name)
        cursor = connection.execute(sql.SQL("select * from {} limit 0").format(table))
        landed = [column.name for column in cursor.description or ()]
        if missing := [name for name in names if name and name not in landed]:
            own = [name for name in landed if name[0] != "_"]
            return (
                f"The feed {feed.name} has no column {', '.join(missing)} (it has "
                f"{', '.join(own)}), by which the export of {export.branch.branch_id} is held "
                f"against its totals: correct totals in {export.sales.section}, or the delimiter "
                f"in {feed.section}."
            )
    return None


def _without_totals(connection: Connection, export: Export) -> list[LoadResult]:
    """Sales that nothing can be held against are no sales that agree: return a failed load."""
    sales = sql.SQL("select 1 from {} limit 1").format(sql.Identifier(files.RAW, export.sales.name))
    if connection.execute(sales).fetchone() is None:
        return []
    problem = (
        f"The export of {export.branch.branch_id} (feed {export.sales.name}) has sales, and its "
        f"totals (feed {export.totals.name}) have not sent a file yet: nothing shows that the "
        f"sales are whole. Look where {export.totals.files!r} should lie."
    )
    return [_failed(export, problem, time.monotonic())]


def _compare(connection: Connection, export: Export) -> Compared:
    declared = export.declared
    figures = [name for name in FIGURES if name in declared.figures]
    statement = sql.SQL(COMPARE).format(
        sales=sql.Literal(export.sales.name),
        totals=sql.Literal(export.totals.name),
        sales_table=sql.Identifier(files.RAW, export.sales.name),
        totals_table=sql.Identifier(files.RAW, export.totals.name),
        cutover_hour=sql.Literal(export.branch.cutover_hour),
        sales_date=_read(DATE, declared.date),
        sales_time=_read(TIME, declared.time) if declared.time else sql.SQL("null::time"),
        receipt=sql.SQL("landed.{}").format(sql.Identifier(declared.order)),
        quantity=_read(NUMBER, declared.quantity),
        unit_price=_read(NUMBER, declared.unit_price),
        totals_date=_read(DATE, declared.day),
        figures=sql.SQL(", ").join(
            sql.SQL("{} as {}").format(sql.SQL(FIGURES[name]), sql.Identifier(name))
            for name in figures
        ),
        totals_figures=sql.SQL(", ").join(
            sql.SQL("sum({}) as {}").format(
                _read(NUMBER, declared.figures[name]), sql.Identifier(name)
            )
            for name in figures
        ),
        pairs=sql.SQL(", ").join(
            sql.SQL("({}, at_till.{}, in_raw.{})").format(
                sql.Literal(name), sql.Identifier(name), sql.Identifier(name)
            )
            for name in figures
        ),
    )
    rows = connection.execute(statement).fetchall()
    return {(day, figure): (at_till, in_raw) for day, figure, at_till, in_raw in rows}


def _read(template: LiteralString, column: str) -> sql.Composed:
    return sql.SQL(template).format(column=sql.Identifier(column))


def _differing(compared: Compared, today: date) -> set[date]:
    """Return the closed days on which a figure differs."""
    return {
        day for (day, _), (at_till, in_raw) in compared.items() if at_till != in_raw and day < today
    }


def _files_of(connection: Connection, export: Export, feed: Feed, days: set[date]) -> list[str]:
    """Return the files that hold lines of some days, or of the night after them."""
    wanted = sorted(days | {day + timedelta(days=1) for day in days})
    statement = sql.SQL(
        "select distinct _file_name from {table} as landed"
        " cross join (select * from raw_files._feeds where feed = {feed}) as dialect"
        " where {day} = any(%s)"
    ).format(
        table=sql.Identifier(files.RAW, feed.name),
        feed=sql.Literal(feed.name),
        day=_read(DATE, export.declared.day if feed is export.totals else export.declared.date),
    )
    return [name for (name,) in connection.execute(statement, [wanted])]


def _record(
    connection: Connection, branch_id: str, compared: Compared, differed: set[date], today: date
) -> None:
    """Write down the figures of all days; days that have none on either side become zero."""
    rows = [
        {
            "branch": branch_id,
            "day": day,
            "figure": figure,
            "at_till": at_till,
            "in_raw": in_raw,
            "is_healed": at_till == in_raw if day in differed or at_till != in_raw else None,
            "is_open": day >= today,
        }
        for (day, figure), (at_till, in_raw) in sorted(compared.items())
    ]
    with connection.cursor() as cursor, connection.transaction():
        cursor.executemany(RECORD, rows)
        cursor.execute(FORGET_EMPTY_DAYS, [branch_id, sorted({day for day, _ in compared})])
