"""What the generators share: opening hours, the order of unusual tickets, people, dishes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

FIRST_DAY = date(2025, 10, 20)
"""Europe puts its clocks back in the night after the sixth day, America after the 13th."""

CUT_OVER = 4
"""The hour of the branch's clock at which a business day begins."""

PEOPLE = (
    # Two people of one name, one person in two spellings, and names that a loader may break.
    ("Ana", "García", "ana.garcia@example.com"),
    ("Ana", "García", "ana.g@example.org"),
    ("ana", "garcia", "ANA.GARCIA@example.com"),
    ("Jan", "de Vries", "jan@example.com"),
    ("Jan", "de Vries ", ""),
    ("Seán", "O'Brien", "sean@example.com"),
    ("Zoë", 'van "den" Berg', "zoe@example.com"),
    ("李", "娜", "li.na@example.com"),
    ("Tab\tin", "Back\\slash", "odd@example.com"),
)

SHARED_DISHES = {"Margherita": 9.95, "Quattro Formaggi": 13.5, "Tiramisù": 5.25, "Cola 33cl": 2.8}
"""What every system sells under the same name; prices in the system's own way may differ."""

T = TypeVar("T")


def new_id(rng: Random) -> str:
    """Return a uuid as text."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def draws(seed: int, first_day: date) -> Random:
    """Return the random numbers of some days; other days with the same seed draw others."""
    return Random(f"{seed}/{first_day}")  # noqa: S311 - sales, not secrets


def wall(moment: datetime, zone: str) -> datetime:
    """Return what a branch's clock shows at a moment, without a zone."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def utc(moment: datetime) -> datetime:
    """Return a moment in UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def at(day: date, hour: float, zone: str) -> datetime:
    """Return the moment at which a branch's clock shows an hour; hours above 24 are the next day's.

    An hour that the clock skips is the one after it; of an hour that it shows twice, the first.
    """
    wanted = datetime.combine(day, time()) + timedelta(hours=hour)
    return wanted.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def clock_changes(day: date, zone: str) -> bool:
    """Say whether a branch's clock changes in the night after a day."""
    place = ZoneInfo(zone)
    noon = [datetime.combine(day + timedelta(days=more), time(12), place) for more in (0, 1)]
    return noon[0].utcoffset() != noon[1].utcoffset()


def moments(rng: Random, day: date, tickets: int, zone: str) -> list[datetime]:
    """Return when a business day's tickets are paid, in their order.

    Two of twenty come after midnight, until 02:45. Where the clock changes in the night, the branch
    sells through the change: four tickets more lie half an hour apart around it. Each tenth day
    has one ticket in the last second of its business day, and one in the first.
    """
    opens, midnight, closes = (at(day, hour, zone) for hour in (11, 24, 26.75))
    late = max(1, tickets // 10)
    found = [
        start + (end - start) * rng.random()
        for start, end, number in ((opens, midnight, tickets - late), (midnight, closes, late))
        for _ in range(number)
    ]
    if clock_changes(day, zone):
        found += [at(day, 25, zone) + timedelta(minutes=minute) for minute in (50, 80, 110, 140)]
    if day.toordinal() % 10 == 0:
        found.append(at(day, CUT_OVER, zone))
        found.append(at(day, 24 + CUT_OVER, zone) - timedelta(seconds=1))
    return sorted(moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in found)


def mixed(rng: Random, usual: T, unusual: Sequence[T]) -> Iterator[T]:
    """Return kinds of tickets without end: each fifth one is unusual, each kind in turn."""
    order = list(unusual)
    rng.shuffle(order)
    turn = cycle(order)
    start = rng.randrange(2, 5)  # nothing can be given back before something is sold
    for number in cycle(range(5)):
        yield next(turn) if number == start else usual


def notes_for(total: float, rng: Random) -> float:
    """Return what a guest hands over in cash: the exact sum, or round notes."""
    exact = round(total, 2)
    note = rng.choice((0, 5, 10, 20, 50))
    return exact if not note else float(-(-exact // note) * note)
