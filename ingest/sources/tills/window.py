"""Which days of a till are compared (the last 35 every time, all once a week), and which healed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from ingest.loads import record
from ingest.loads.raw_tables import exists
from ingest.loads.source import Window
from ingest.loads.statements import Statements
from ingest.sources.tills.connect import Link
from ingest.sources.tills.days import FIRST_MOMENT, LAST_MOMENT, Clock, Stretch, within
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.dialect import Dialect

STATEMENTS = Statements(__file__)

WINDOW_DAYS = 35
SWEEP_DAYS = 7
"""After this many days all of a till is compared again, not only the last days."""


def chosen(link: Link, clock: Clock, asked: Window) -> Window:
    """Return the days to compare: what was asked for, or those before the newest, or all.

    The window reaches back from the newest day of the comparison before this one: rows that
    committed late around that day are in it, however long ago it was.

    Args:
        link: the till and its raw tables.
        clock: the branch's business dates.
        asked: what was asked for.
    """
    root = link.system.root
    if asked.everything or (asked.accept_loss and not (asked.first or asked.last)):
        # Who accepts a loss means all of it, not that of the last days.
        return Window(accept_loss=asked.accept_loss)
    if asked.first or not exists(link.connection, f"{link.system.raw}.{root.name}"):
        return asked
    moment = str(root.business_time)
    values = {"source": link.system.source, "branch": link.branch_id}
    ((newest_row, newest_compared),) = link.connection.execute(
        STATEMENTS("newest_days", root=link.raw(root), moment=moment), values
    ).fetchall()
    if newest_row is None or newest_compared is None:
        return asked
    newest = min(asked.last or clock.business_date(newest_row), newest_compared)
    first = newest - timedelta(days=WINDOW_DAYS)
    if asked.last is None and _is_sweep_due(link, clock, first):
        return Window(accept_loss=asked.accept_loss)
    return Window(first, asked.last, accept_loss=asked.accept_loss)


def _is_sweep_due(link: Link, clock: Clock, first: date) -> bool:
    """Say whether days before the window wait for a comparison.

    They do after a week, as long as one of them differs, and where the oldest was never compared: a
    first load may have been killed before its comparison. A comparison of all days renews all of a
    branch's rows in audit.reconciliation, so the oldest of these tells when the last one was.
    """
    root = link.system.root
    values = {
        "source": link.system.source, "branch": link.branch_id,
        "days": SWEEP_DAYS, "first": first,
        "first_moment": FIRST_MOMENT, "last_moment": LAST_MOMENT,
    }  # fmt: skip
    statement = STATEMENTS("oldest_days", root=link.raw(root), moment=str(root.business_time))
    row = link.connection.execute(statement, values).fetchone()
    is_due, oldest_compared, oldest_row = row or (True, None, None)
    if is_due or oldest_compared is None:
        return True
    return oldest_row is not None and clock.business_date(oldest_row) < oldest_compared


@dataclass(frozen=True)
class HealWindow:
    """What is to be read again, whatever its cursor says.

    Attributes:
        stretches: rows of these stretches of time, with their children; an end that is None is
            open, and an open beginning has the rows without a time in it.
        keys: rows with a business time by their key, with their children.
        whole_tables: tables that belong to no business date, by name.
    """

    stretches: tuple[Stretch, ...] = ()
    keys: tuple[int, ...] = ()
    whole_tables: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is anything to read again."""
        return bool(self.stretches or self.keys or self.whole_tables)

    def reads(self, table: Table) -> bool:
        """Say whether rows of a table are read again: of these days, or named by them, or all."""
        return bool(self.stretches or self.keys) or table.name in self.whole_tables

    def covers(self, table: Table) -> bool:
        """Say whether a row of a table that is in the window and was not read is gone."""
        if table.belongs_to_a_day:
            return bool(self.stretches or self.keys)
        return table.name in self.whole_tables

    def condition(
        self, root_table: Table, root: sa.FromClause, dialect: Dialect
    ) -> sa.ColumnElement[bool]:
        """Return the condition that rows with a business time are in the window."""
        moment = root.c[str(root_table.business_time)]
        wanted = [within(moment, stretch, dialect) for stretch in self.stretches]
        if self.keys:
            wanted.append(root.c[root_table.key].in_(self.keys))
        return sa.or_(*wanted) if wanted else sa.false()

    @property
    def detail(self) -> dict[str, Any]:
        """What audit.loads keeps of a heal from its beginning: a killed one is healed again."""
        return {
            "heal": {
                "stretches": [
                    [record.iso(start), record.iso(end)] for start, end in self.stretches
                ],
                "keys": list(self.keys),
                "whole_tables": list(self.whole_tables),
            }
        }
