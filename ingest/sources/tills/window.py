"""Which days of a till are compared (the last 35 every time, all once a week), and which healed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from ingest.loads.branches import Branch
from ingest.loads.source import Window
from ingest.loads.statements import Statements
from ingest.sources.tills.connect import Till
from ingest.sources.tills.days import FIRST_MOMENT, LAST_MOMENT, Clock, within
from ingest.sources.tills.declaration import System, Table
from ingest.sources.tills.dialects import POSTGRES
from ingest.sources.tills.tables import Condition, InRaw, Key, Side

STATEMENTS = Statements(__file__)

WINDOW_DAYS = 35
RECENT_DAYS = 3
"""So many days are read whole where no column says what has changed."""

MOST_CHANGED = 5_000
"""The children of so many changed rows are read again by a visit, of more by the sweep."""

SWEEP_DAYS = 7
"""After this many days all of a till is compared again, not only the last days."""


@dataclass(frozen=True)
class Part:
    """One branch of a till.

    Attributes:
        raw: the till's raw tables.
        branch: the branch.
        value: what says it in the database, where that has several.
    """

    raw: InRaw
    branch: Branch
    value: str | int | None

    @property
    def system(self) -> System:
        """The till's system."""
        return self.raw.system

    @property
    def clock(self) -> Clock:
        """The business dates of its sales."""
        return self.raw.clock(self.system.root, self.branch)

    def of_branch(self, side: Side, root: Table, rows: sa.FromClause) -> Condition:
        """Return the condition that rows with a business time are the branch's."""
        said = None if self.value is None else side.branch(root, rows)
        return sa.true() if said is None else said == self.value

    def within(self, side: Side, root: Table, rows: sa.FromClause, days: Window) -> Condition:
        """Return the condition that rows with a business time are on some days of the branch."""
        stretch = self.raw.clock(root, self.branch).stretch(days)
        moment = rows.c[str(root.business_time)]
        return sa.and_(within(moment, stretch, side.dialect), self.of_branch(side, root, rows))


def parts(till: Till, raw: InRaw) -> list[Part]:
    """Return the branches of a till."""
    return [Part(raw, branch, value) for branch, value in till.branches.items()]


def chosen(part: Part, asked: Window) -> Window:
    """Return the days to compare: what was asked for, or those before the newest, or all.

    The window reaches back from the newest day of the comparison before this one: rows that
    committed late around that day are in it, however long ago it was.

    Args:
        part: the branch.
        asked: what was asked for.
    """
    if asked.everything or (asked.accept_loss and not (asked.first or asked.last)):
        # Who accepts a loss means all of it, not that of the last days.
        return Window(accept_loss=asked.accept_loss)
    if asked.first or not part.raw.has(part.system.root):
        return asked
    newest_row = newest(part)
    ((newest_compared,),) = part.raw.connection.execute(
        STATEMENTS("newest_compared"), _values(part)
    ).fetchall()
    if newest_row is None or newest_compared is None:
        return asked
    latest = min(asked.last or newest_row, newest_compared)
    first = latest - timedelta(days=WINDOW_DAYS)
    if asked.last is None and _is_sweep_due(part, first):
        return Window(accept_loss=asked.accept_loss)
    return Window(first, asked.last, accept_loss=asked.accept_loss)


def newest(part: Part) -> date | None:
    """Return the newest day of a branch that no wrong clock has made."""
    root, rows, moment = _root(part)
    soon: sa.ColumnElement[Any] = sa.literal_column("now() + interval '1 day'")
    query = sa.select(sa.func.max(moment)).where(
        part.raw.of_till(rows),
        moment > sa.literal_column("'1900-01-01'"),
        moment < soon,
        part.of_branch(part.raw, root, rows),
    )
    ((found,),) = part.raw.fetch(query)
    return None if found is None else part.clock.business_date(found)


def _is_sweep_due(part: Part, first: date) -> bool:
    """Say whether days before the window wait for a comparison.

    They do after a week, as long as one of them differs, and where the oldest was never compared: a
    first load may have been killed before its comparison. A comparison of all days renews all of a
    branch's rows in audit.reconciliation, so the oldest of these tells when the last one was.
    """
    root, rows, moment = _root(part)
    ends = map(POSTGRES.literal, (FIRST_MOMENT, LAST_MOMENT))
    first_moment, last_moment = ends
    query = sa.select(
        sa.func.greatest(sa.func.least(sa.func.min(moment), last_moment), first_moment)
    ).where(part.raw.alive(rows), part.of_branch(part.raw, root, rows))
    values = _values(part) | {"days": SWEEP_DAYS, "first": first}
    row = part.raw.connection.execute(STATEMENTS("oldest_compared"), values).fetchone()
    is_due, oldest_compared = row or (True, None)
    if is_due or oldest_compared is None:
        return True
    ((oldest,),) = part.raw.fetch(query)
    return oldest is not None and part.clock.business_date(oldest) < oldest_compared


def _root(part: Part) -> tuple[Table, sa.FromClause, sa.ColumnElement[Any]]:
    root = part.system.root
    rows = part.raw.rows(root, "root")
    return root, rows, rows.c[str(root.business_time)]


def _values(part: Part) -> dict[str, Any]:
    return {"source": part.system.source, "branch": part.branch.branch_id}


@dataclass(frozen=True)
class HealWindow:
    """What is to be read again, whatever its cursor says.

    Attributes:
        days: days of branches, rows with a business time with their children; an end that is None
            is open, and an open beginning has the rows without a time in it.
        keys: rows by their key, with their children, by table.
        whole_tables: tables that belong to no business date, by name.
        only: the tables that are meant, by name; default all.
    """

    days: tuple[tuple[Part, Window], ...] = ()
    keys: Mapping[str, tuple[Key, ...]] = field(default_factory=dict)
    whole_tables: tuple[str, ...] = ()
    only: frozenset[str] | None = None

    def __bool__(self) -> bool:
        """Say whether there is anything to read again."""
        return bool(self.days or self.keys or self.whole_tables)

    def reads(self, table: Table) -> bool:
        """Say whether rows of a table are read again: of these days, or named by them, or all."""
        if self.only is not None and table.name not in self.only:
            return False
        is_near = table.belongs_to_a_day or table.named_by
        return bool(is_near and (self.days or self.keys)) or table.name in self.whole_tables

    def covers(self, table: Table) -> bool:
        """Say whether a row of a table that is in the window and was not read is gone."""
        if table.belongs_to_a_day:
            return self.reads(table)
        return table.name in self.whole_tables

    def condition(self, side: Side, table: Table, rows: sa.FromClause) -> Condition:
        """Return the condition that rows are in the window."""
        if table.name in self.whole_tables:
            return sa.true()
        # one look-up for each part of the window: engines use their indexes then
        found = [_on_days(side, table, rows, part, days) for part, days in self.days]
        if keys := self.keys.get(table.name):
            found.append(side.keyed(table, rows, keys))
        if self.keys and table.parent:
            above = HealWindow(keys=self.keys)
            found.append(_of_parents(side, table, rows, above))
        return sa.or_(*found) if found else sa.false()


def changed_before(raw: InRaw, part: str, recent: HealWindow, known: str) -> dict[Table, list[Key]]:
    """Return the keys of older rows that have come since the last visit, by table.

    Only tables whose children have no change column: an old order that is edited says so, and its
    lines do not. At most `MOST_CHANGED` keys and one more are returned.

    Args:
        raw: the till's raw tables.
        part: the till, as audit.loads names it.
        recent: the last days of the tables without a change column, which are read whole.
        known: the newest load before this visit; the visit that made it may have been killed.
    """
    values = {"source": raw.system.source, "part": part, "known": known}
    ((since,),) = raw.connection.execute(STATEMENTS("newest_visit"), values).fetchall()
    above = {table.parent for table in raw.system.tables if table.name in (recent.only or ())}
    found: dict[Table, list[Key]] = {}
    for table in raw.system.tables:
        if table.name in above and table.changed_at and raw.has(table):
            rows = raw.rows(table)
            is_recent = sa.func.coalesce(recent.condition(raw, table, rows), sa.false())
            query = sa.select(*(rows.c[name] for name in table.key)).where(
                raw.alive(rows),
                rows.c._dlt_load_id > since,
                # what has no change comes with every load
                rows.c[table.changed_at].is_not(None),
                ~is_recent,
            )
            if keys := raw.fetch(query.limit(MOST_CHANGED + 1)):
                found[table] = keys
    return found


def _on_days(side: Side, table: Table, rows: sa.FromClause, part: Part, days: Window) -> Condition:
    if table.business_time:
        return part.within(side, table, rows, days)
    if table.parent:
        return _of_parents(side, table, rows, HealWindow(days=((part, days),)))
    root = side.system.root
    above = side.rows(root, "named_by")
    wanted = sa.select(above.c[str(table.named_by)]).where(
        side.of_till(above), part.within(side, root, above, days)
    )
    return rows.c[table.key[0]].in_(wanted)


def _of_parents(side: Side, table: Table, rows: sa.FromClause, window: HealWindow) -> Condition:
    parent = side.system.table(str(table.parent))
    above = side.rows(parent, f"{parent.name}_above")
    return side.belongs_to_some(table, rows, above, window.condition(side, parent, above))
