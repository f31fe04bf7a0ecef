"""A branch's business date as arithmetic on UTC, which needs no time zones in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from functools import cached_property
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ingest.loads.branches import Branch
from ingest.loads.source import Window
from ingest.sources.tills.dialect import Dialect

A_YEAR = timedelta(days=366)

# Rows before and after, or without a time, count on these days: databases know infinity and years
# before Christ, Python does not.
FIRST_MOMENT, LAST_MOMENT = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
FIRST_DAY, LAST_DAY = date(1, 1, 3), date(9999, 12, 28)  # a zone may take a day off

Stretch = tuple[datetime | None, datetime | None]
"""From when to when, the end excluded; None is open."""


@dataclass
class Clock:
    """A branch's business dates.

    Attributes:
        branch: the branch.
    """

    branch: Branch
    zone: ZoneInfo = field(init=False)

    def __post_init__(self) -> None:
        """Look the zone up once."""
        self.zone = ZoneInfo(self.branch.time_zone)

    def business_date(self, moment: datetime) -> date:
        """Return the business date of a moment, as `day` works it out in SQL."""
        (_, shift), *changes = self.shifts
        for since, seconds in changes:
            shift = seconds if moment >= since else shift
        return (moment.astimezone(UTC) + timedelta(seconds=shift)).date()

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

    def stretches(self, days: Sequence[date]) -> Iterator[Stretch]:
        """Yield the stretches of time that business dates cover, neighbours joined."""
        remaining = sorted(days)
        while remaining:
            first = last = remaining.pop(0)
            while remaining and remaining[0] - last == timedelta(days=1):
                last = remaining.pop(0)
            yield self.stretch(Window(first, last))

    @cached_property
    def shifts(self) -> list[tuple[datetime, int]]:
        """From when on which number of seconds turns UTC into business time, the oldest first."""
        day = self._cutover(self.branch.opened_on - A_YEAR, fold=0)
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

    def day(
        self, moment: sa.ColumnElement[datetime], window: Window, dialect: Dialect
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
            newer.append((since, seconds))
            if start and since <= start:
                break
        column = dialect.compile(moment)
        cases = " ".join(
            f"when {column} >= {dialect.literal(since)} then {seconds}" for since, seconds in newer
        )
        text = dialect.day.format(
            moment=column,
            first=dialect.literal(FIRST_MOMENT),
            last=dialect.literal(LAST_MOMENT),
            seconds=f"(case {cases} else {oldest} end)" if cases else oldest,
        )
        return sa.literal_column(text, sa.Date())

    def _shift(self, moment: datetime) -> timedelta:
        offset = moment.astimezone(self.zone).utcoffset() or timedelta()
        return offset - timedelta(hours=self.branch.cutover_hour)

    def _cutover(self, day: date, fold: int) -> datetime:
        wall = wall_time(self.branch.cutover_hour, fold=fold)
        return datetime.combine(day, wall, tzinfo=self.zone).astimezone(UTC)


def within(
    moment: sa.ColumnElement[datetime], stretch: Stretch, dialect: Dialect
) -> sa.ColumnElement[bool]:
    """Return the condition that a moment lies in a stretch; an open beginning has those of null."""
    start, end = stretch
    conditions: list[sa.ColumnElement[bool]] = []
    if start:
        conditions.append(moment >= dialect.literal(start))
    if end:
        conditions.append(moment < dialect.literal(end))
    if not conditions:
        return sa.true()
    inside = sa.and_(*conditions)
    return inside if start else sa.or_(inside, moment.is_(None))
