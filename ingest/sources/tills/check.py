"""What a till has, and what is missing, before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ingest.loads.source import Window
from ingest.sources.tills.connect import RefusedTableError, TillError, configured, in_use
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.landing import NUMBERS, TEXT, TIMES, as_in_raw
from ingest.sources.tills.read import Reading, read_batches, unlike
from ingest.sources.tills.survey import look, unfit
from ingest.sources.tills.tables import AtTill

LARGEST_LAG = timedelta(minutes=2)
"""A till's clock that is further off is worth a sentence."""

SOME_ROWS = 100


@dataclass
class Checked:
    """What was found.

    Attributes:
        tables: a table's name, rows, columns, business dates, first and last business time, and the
            clock that its times are read by.
        facts: one sentence for each thing that a person should know.
        problems: one sentence for each thing that a person must look at.
    """

    tables: list[tuple[str, ...]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def check(name: str) -> Checked:
    """Look at a till that is configured; nothing is loaded.

    Args:
        name: the till, as the configuration calls it, or its branch.

    Raises:
        SourceError: there is no such till, its declaration is wrong, or it does not answer.
    """
    tills = configured()
    till = next((each for each in tills if name in each.names), None)
    if till is None:
        known = ", ".join(each.till_id for each in tills) or "none"
        raise TillError(f"There is no till {name!r} in the configuration; there is: {known}.")
    if till.wrong:
        raise TillError(till.wrong)
    side = look(till)
    checked = Checked(problems=[*side.problems, *filter(None, [in_use(till)])])
    lag = round((side.now - datetime.now(UTC)).total_seconds())
    with till.engine.connect() as connection:
        zone: Any = connection.execute(sa.select(till.dialect.zone())).scalar_one()
    how = f"is {abs(lag)} s {'ahead of' if lag > 0 else 'behind'}" if lag else "agrees with"
    checked.facts.append(
        f"The database's clock {how} this machine's; its server is set to the time zone {zone}."
    )
    if abs(lag) > LARGEST_LAG.total_seconds():
        checked.problems.append(
            f"The clock of the till of {till.part} and this machine's are "
            f"{timedelta(seconds=abs(lag))} apart: set the one that is wrong."
        )
    for table in side.found:
        try:
            with side.asking(table), till.engine.connect() as connection:
                checked.tables.append(_sizes(side, table, connection))
                lacking = [*unfit(side, table)]
                if not lacking:
                    _read_some(side, table, connection)
                checked.problems += lacking or _wrong(side, table, connection)
                checked.facts += _mixed(side, table)
        except RefusedTableError as error:
            checked.problems.append(str(error))
    return checked


def _read_some(side: AtTill, table: Table, connection: sa.Connection) -> None:
    """Read some rows as a load does, or say which column is not what is declared."""
    rows = side.rows(table)
    if not side.dialect.copies:
        list(read_batches(Reading(side, table), rows, sa.true(), SOME_ROWS))
        return
    landed = side.landed(table, rows)
    for name in table.columns.keys() & landed:
        (cell,) = as_in_raw([landed[name]])
        some = sa.select(cell.label("cell")).select_from(rows).limit(SOME_ROWS).subquery()
        try:
            connection.execute(sa.select(sa.func.count(some.c.cell)))
        except (sa.exc.DataError, sa.exc.ProgrammingError) as error:
            found = str(error.orig).partition("\n")[0]
            raise unlike(side.till, table, name, f"the database says: {found}") from None


def _sizes(side: AtTill, table: Table, connection: sa.Connection) -> tuple[str, ...]:
    rows = side.rows(table)
    measured: list[Any] = [sa.null(), sa.null(), sa.null()]
    times = ""
    if table.business_time and side.kind(table, table.business_time) in TIMES:
        moment = rows.c[table.business_time]
        clock = side.clock(table, next(iter(side.till.branches)))
        times, day = clock.times, clock.day(moment, Window(), side.dialect)
        # as text: databases know times that Python does not
        ends = (sa.cast(end(moment), sa.Text) for end in (sa.func.min, sa.func.max))
        measured = [sa.func.count(day.distinct()), *ends]
    query = sa.select(sa.func.count(), *measured).select_from(rows)
    found, days, first, last = tuple[Any, ...](connection.execute(query).one())
    ends_shown = (str(end or "")[:16] for end in (first, last))
    shown = f"{days:,}" if days else "", *ends_shown, times
    return table.at_till, f"{found:,}", str(len(rows.c)), *shown


def _mixed(side: AtTill, table: Table) -> Iterator[str]:
    """Yield which rows name their parent by another type than it has."""
    parent = side.system.table(table.parent) if table.parent else None
    if parent is None or parent not in side.found:
        return
    for name, key in zip(table.parent_key, parent.key, strict=True):
        here, there = (side.kind(one, of) for one, of in ((table, name), (parent, key)))
        if here and there and (here == TEXT) != (there == TEXT):
            yield (
                f"{table.at_till}.{name} is {_type(side, table, name)} and names "
                f"{parent.at_till}.{key}, which is {_type(side, parent, key)}: it lands as that "
                f"does."
            )


def _type(side: AtTill, table: Table, column: str) -> str:
    """Return a column's type: as declared, which a query's has to be, or as the till has it."""
    kind = side.found[table].c[column].type
    sign = " UNSIGNED" if getattr(kind, "unsigned", False) else ""
    return table.columns.get(column) or f"{kind}{sign}"


def _wrong(side: AtTill, table: Table, connection: sa.Connection) -> Iterator[str]:
    """Yield what a person must look at in a table."""
    till, rows = side.till, side.rows(table)
    for name in table.money:
        kind = side.kind(table, name)
        if kind not in (*NUMBERS, TEXT):
            yield (
                f"{table.at_till}.{name} of the till of {till.part} is "
                f"{'not there' if kind is None else side.found[table].c[name].type}, and cannot be "
                f"added up: take it out of money in systems/{side.system.name}.toml."
            )
    if table.business_time and side.kind(table, table.business_time) not in TIMES:
        yield (
            f"{table.at_till}.{table.business_time} of the till of {till.part} is no time: name a "
            f"time or a date as business_time in systems/{side.system.name}.toml."
        )
    key = [rows.c[name] for name in table.key]
    lacking = sa.or_(*(part.is_(None) for part in key))
    nulls = sa.select(sa.func.count()).select_from(rows).where(lacking)
    if count := connection.execute(nulls).scalar_one():
        yield (
            f"{table.at_till} of the till of {till.part} has {count:,} row(s) that lack a part of "
            f"the key ({', '.join(table.key)}) and are left out: declare a key that is never empty."
        )
    twice = sa.select(*key).select_from(rows).where(sa.not_(lacking)).group_by(*key)
    twice = twice.having(sa.func.count() > 1).limit(1)
    if found := connection.execute(twice).first():
        yield (
            f"{table.at_till} of the till of {till.part} has the key ({', '.join(table.key)}) "
            f"twice, for example {', '.join(map(str, found))}: declare a key that is unique."
        )
    if table.business_time:
        yield from _of_no_branch(side, table, rows, connection)
        yield from _ahead(side, table, rows, connection)


def _of_no_branch(
    side: AtTill, table: Table, rows: sa.FromClause, connection: sa.Connection
) -> Iterator[str]:
    """Yield the values of branches that the configuration does not name."""
    known = {str(value) for value in side.till.branches.values() if value is not None}
    said = side.branch(table, rows) if known else None
    if said is None:
        return
    query = sa.select(said, sa.func.count()).select_from(rows).group_by(said)
    counts = {str(value): count for value, count in connection.execute(query)}
    for value in sorted(known - counts.keys()) if table == side.system.root else ():
        yield (
            f"No row of {table.at_till} is of the branch {value}, which {side.till.section} names: "
            f"correct the value in branches, unless the branch has not sold anything yet."
        )
    for value, count in counts.items():
        if value not in known:
            yield (
                f"{count:,} rows of {table.at_till} are of the branch {value}, which "
                f"{side.till.section} does not name: add it to branches, or leave them out of what "
                f"is compared."
            )


def _ahead(
    side: AtTill, table: Table, rows: sa.FromClause, connection: sa.Connection
) -> Iterator[str]:
    """Yield how many rows are in the future, by the clock that is declared."""
    column = str(table.business_time)
    clock = side.clock(table, next(iter(side.till.branches)))
    now = clock.on_clock(side.now) + LARGEST_LAG
    late = rows.c[column] > side.dialect.literal(now)
    query = sa.select(sa.func.count()).select_from(rows).where(late)
    if ahead := connection.execute(query).scalar_one():
        yield (
            f"{ahead:,} rows of {table.at_till} of the till of {side.till.part} are in the future, "
            f"if {column} is on the clock {clock.times!r}: correct times in "
            f"systems/{side.system.name}.toml, or the till's clock."
        )
