"""A branch's business date as arithmetic on a clock, which needs no time zones in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as wall_time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ingest.loads.branches import Branch
from ingest.loads.source import Window
from ingest.sources.tills.dialects.base import Dialect, Expression

A_YEAR = timedelta(days=366)

# Rows before and after, or without a time, count on these days: databases know infinity and years
# before Christ, Python does not.
FIRST_MOMENT, LAST_MOMENT = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
FIRST_DAY, LAST_DAY = date(1, 1, 3), date(9999, 12, 28)  # a zone may take a day off

Stretch = tuple[datetime | None, datetime | None]
"""From when to when on a column's clock, the end excluded; None is open."""

Shifts = list[tuple[datetime, int]]
"""From when on which number of seconds is added to a clock."""


@dataclass
class Clock:
    """A branch's business dates, as a column's times tell them.

    Attributes:
        branch: the branch.
        times: what the column's times mean: utc, branch (its wall clock), a zone; or date, where
            they are days already.
    """

    branch: Branch
    times: str = "utc"
    zone: ZoneInfo = field(init=False)
    own_zone: tzinfo = field(init=False)

    def __post_init__(self) -> None:
        """Look the zones up once."""
        self.zone = ZoneInfo(self.branch.time_zone)
        self.own_zone = UTC
        if self.times in ("branch", "date"):
            self.own_zone = self.zone
        elif self.times != "utc":
            self.own_zone = ZoneInfo(self.times)

    def business_date(self, moment: datetime | date) -> date:
        """Return the business date of a moment, as `day` works it out in SQL.

        Args:
            moment: the moment; without a zone it is on the column's clock.
        """
        if not isinstance(moment, datetime):
            return moment
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.own_zone)
        own = self.on_clock(moment)
        (_, shift), *changes = self.shifts
        for since, seconds in changes:
            shift = seconds if own >= since else shift
        return (own + timedelta(seconds=shift)).date()

    def on_clock(self, moment: datetime) -> datetime:
        """Return a moment as the column writes it, without a zone."""
        return moment.astimezone(self.own_zone).replace(tzinfo=None)

    def stretch(self, window: Window) -> Stretch:
        """Return when a window's days begin and when they have ended.

        Where the clocks change there may be two such moments: then it is the earlier beginning and
        the later end.
        """
        first, last = window.first, window.last
        return (
            self._cutover(first, fold=0) if first and first > FIRST_DAY else None,
            self._cutover(last + timedelta(days=1), fold=1) if last and last < LAST_DAY else None,
        )

    @property
    def shifts(self) -> Shifts:
        """From when on which number of seconds turns the clock into business time, oldest first."""
        first = self._cutover(self.branch.opened_on - A_YEAR, fold=0)
        last = datetime.combine(datetime.now(UTC).date(), wall_time()) + A_YEAR
        return _shifts(self.own_zone, self.zone, self._cutover_hour, first, last)

    def day(
        self, moment: sa.ColumnElement[Any], window: Window, dialect: Dialect
    ) -> sa.ColumnElement[date]:
        """Return the SQL of the business date of a column of moments.

        Args:
            moment: the column.
            window: the days that are asked for: older changes of the clock matter to none of them.
            dialect: how the engine writes SQL.
        """
        # Newest first: most rows that are ever compared are recent ones.
        (_, oldest), *changes = self.shifts
        start, _ = self.stretch(window)
        newer = []
        for since, seconds in reversed(changes):
            newer.append((moment >= dialect.literal(since), _number(seconds)))
            if start and since <= start:
                break
        shift: Expression = sa.case(*newer, else_=_number(oldest)) if newer else _number(oldest)
        return dialect.day(moment, shift, (FIRST_MOMENT, LAST_MOMENT))

    @property
    def _cutover_hour(self) -> int:
        return 0 if self.times == "date" else self.branch.cutover_hour

    def _cutover(self, day: date, fold: int) -> datetime:
        wall = wall_time(self._cutover_hour, fold=fold)
        return self.on_clock(datetime.combine(day, wall, tzinfo=self.zone))


@cache
def _shifts(
    own_zone: tzinfo, zone: ZoneInfo, cutover_hour: int, first: datetime, last: datetime
) -> Shifts:
    """Return what `Clock.shifts` says: every table of every visit asks, and the years are many."""

    def shift_at(moment: datetime) -> timedelta:
        aware = moment.replace(tzinfo=own_zone)
        there, here = aware.astimezone(zone).utcoffset(), aware.utcoffset()
        return (there or timedelta()) - (here or timedelta()) - timedelta(hours=cutover_hour)

    shift = shift_at(first)
    shifts = [(first, int(shift.total_seconds()))]
    if own_zone == zone:
        return shifts
    day = first
    while day < last:
        next_day = min(day + timedelta(days=1), last)
        if shift_at(next_day) != shift:
            low, high = day, next_day
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if shift_at(middle) == shift else (low, middle)
            shift = shift_at(high)
            shifts.append((high, int(shift.total_seconds())))
        day = next_day
    return shifts


def _number(seconds: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(seconds), sa.Integer())


def ranges(days: Sequence[date]) -> Iterator[Window]:
    """Yield business dates as windows, neighbours joined."""
    remaining = sorted(days)
    while remaining:
        first = last = remaining.pop(0)
        while remaining and remaining[0] - last == timedelta(days=1):
            last = remaining.pop(0)
        yield Window(first, last)


def within(
    moment: sa.ColumnElement[Any], stretch: Stretch, dialect: Dialect
) -> sa.ColumnElement[bool]:
    """Return the condition that a moment lies in a stretch; an open beginning has those of null."""
    start, end = stretch
    moment = dialect.sortable(moment)
    conditions: list[sa.ColumnElement[bool]] = []
    if start:
        conditions.append(moment >= dialect.literal(start))
    if end:
        conditions.append(moment < dialect.literal(end))
    if not conditions:
        return sa.true()
    inside = sa.and_(*conditions)
    return inside if start else sa.or_(inside, moment.is_(None))
