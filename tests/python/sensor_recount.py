"""What sensors say, recounted by the rules of docs/how-to/add-sensors.md, without a line of SQL."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from ingest.warehouse import PROJECT_DIR
from sample import guests, sensors

Row = tuple[Any, ...]
SILENT = 3.5 * 600


@dataclass(frozen=True)
class Reading:
    """A reading in our unit, at its true time."""

    device: dict[str, str]
    at: datetime
    said: Decimal
    value: Decimal

    @property
    def beyond(self) -> Decimal:
        """How far it is outside of what is allowed; 0 or less within."""
        lowest, highest = (self.device[name] for name in ("lowest_value", "highest_value"))
        return max(
            Decimal(lowest) - self.value if lowest else Decimal(-1),
            self.value - Decimal(highest) if highest else Decimal(-1),
        )


@dataclass(frozen=True)
class Incident:
    """What is wrong with a device from one moment to another, if that is over."""

    device_id: str
    kind: str
    began_at: datetime
    ended_at: datetime | None
    worst: Decimal | None

    @property
    def row(self) -> Row:
        """As `INCIDENTS` has it."""
        ended = f"{self.ended_at:%Y-%m-%d %H:%M}" if self.ended_at else ""
        return self.device_id, self.kind, f"{self.began_at:%Y-%m-%d %H:%M}", ended, self.worst


def rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def seed(name: str, key: str) -> dict[str, dict[str, str]]:
    with (PROJECT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


@cache
def devices() -> dict[str, dict[str, str]]:
    return seed("devices", "device_id")


ZONES = {
    branch_id: (ZoneInfo(row["time_zone"]), int(row["cutover_hour"]))
    for branch_id, row in seed("branches", "branch_id").items()
}


def topic() -> tuple[dict[str, list[Reading]], datetime]:
    """The readings of each device by time, each once, and the moment of the newest message."""
    known = devices()
    seen: set[Any] = set()
    found: dict[str, list[Reading]] = defaultdict(list)
    newest = datetime.min.replace(tzinfo=UTC)
    with closing(guests.open_state(guests.file())) as state:
        messages = sensors.TOPIC.messages(state, 0, 10_000_000)
    for message in messages:
        said = json.loads(message.value)
        device = known.get(said["device"])
        is_good = isinstance(said["value"], float) and said.get("unit") in (None, "°F")
        if not device or not is_good or said["measured_at"] < "2011":
            continue
        received = datetime.fromtimestamp(message.moment / 1000, UTC)
        measured, sent = (datetime.fromisoformat(said[key]) for key in ("measured_at", "sent_at"))
        if sent - measured > timedelta(days=88):
            continue  # it is too late for its hour
        marks = {said["reading_id"], (said["device"], said["sequence"], measured, said["value"])}
        if not marks & seen:
            skew = received - sent
            at = min(received, measured + (skew if abs(skew) > timedelta(minutes=1) else skew * 0))
            value = Decimal(str(said["value"]))
            celsius = (value - 32) * 5 / 9 if said.get("unit") == "°F" else value
            found[said["device"]].append(Reading(device, at, value, rounded(celsius)))
            newest = max(newest, received)
        seen |= marks
    for readings in found.values():
        readings.sort(key=lambda reading: reading.at)
    return found, newest


def seconds(begin: datetime, end: datetime) -> float:
    """The seconds between two moments, as a clock without fractions shows them."""
    return (end.replace(microsecond=0) - begin.replace(microsecond=0)).total_seconds()


def business_date(device: dict[str, str], at: datetime) -> date:
    zone, cutover = ZONES[device["branch_id"]]
    return (at.astimezone(zone).replace(tzinfo=None) - timedelta(hours=cutover)).date()


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def minutes(stretches: Sequence[timedelta]) -> Decimal:
    microseconds = sum(stretches, timedelta()) // timedelta(microseconds=1)
    return rounded(Decimal(microseconds) / 60_000_000)


def hours(found: dict[str, list[Reading]]) -> list[Row]:
    by_hour: dict[tuple[str, datetime], list[tuple[Reading, timedelta]]] = defaultdict(list)
    for device_id, readings in found.items():
        usual = timedelta(seconds=int(devices()[device_id]["expected_seconds"]))
        ends = [min(one.at + usual, other.at) for one, other in pairwise(readings)]
        for reading, end in zip(readings, [*ends, readings[-1].at + usual], strict=True):
            by_hour[device_id, hour_of(reading.at)].append((reading, end - reading.at))
    return sorted(
        (
            device_id, f"{hour:%Y-%m-%d %H}", business_date(devices()[device_id], hour),
            len(values), min(values), max(values), rounded(sum(values, Decimal(0)) / len(values)),
            values[-1], minutes([lasts for reading, lasts in of_hour if reading.beyond > 0]),
            minutes([lasts for _, lasts in of_hour]),
        )
        for (device_id, hour), of_hour in by_hour.items()
        if (values := [reading.value for reading, _ in of_hour])
    )  # fmt: skip


@dataclass(frozen=True)
class Usual:
    """Median and spread of some numbers."""

    middle: float
    spread: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Usual:
        """Work them out."""
        middle = median(values)
        return cls(middle, max(1.4826 * median(abs(value - middle) for value in values), 0.1))

    def distance(self, value: float) -> float:
        """How far a number is from the median, in spreads."""
        return abs(value - self.middle) / self.spread


def usual(readings: list[Reading]) -> dict[date, tuple[Usual, Usual]]:
    """What readings and changes of the seven days before each day are, if these are 24 readings."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for number, reading in enumerate(readings):
        by_day[reading.at.date()].append(number)
    found = {}
    for day in by_day:
        before = [each for n in range(1, 8) for each in by_day.get(day - timedelta(days=n), ())]
        if len(before) >= 24:
            values = [float(readings[each].value) for each in before]
            changes = [change(readings, each) for each in before if each > 0]
            found[day] = (Usual.of(values), Usual.of(changes))
    return found


def change(readings: list[Reading], number: int) -> float:
    """How far a reading is from the one before it."""
    return float(readings[number].value - readings[number - 1].value)


def runs(
    readings: list[Reading], kind: str, is_bad: Callable[[int], bool], worst: Callable[[int], float]
) -> Iterator[tuple[list[int], Incident]]:
    """Each run of bad readings, by number, and the incident that it is if it is long enough."""
    bad: list[int] = []
    for number in range(len(readings) + 1):
        if number < len(readings) and is_bad(number):
            bad.append(number)
        elif bad:
            end = readings[number].at if number < len(readings) else None
            last = readings[number - 1]
            if end and seconds(last.at, end) >= SILENT:
                end = last.at + timedelta(seconds=int(last.device["expected_seconds"]))
            of = readings[max(bad, key=lambda each: (worst(each), -each))]
            begin = readings[bad[0] - (kind == "stuck")].at
            yield bad, Incident(of.device["device_id"], kind, begin, end, of.value)
            bad = []


def incidents(found: dict[str, list[Reading]], newest: datetime) -> list[Incident]:
    """All incidents by the rules of the how-to, without a line of SQL."""
    return [each for readings in found.values() for each in _incidents_of(readings, newest)]


def jumps(readings: list[Reading]) -> Iterator[tuple[list[int], Incident]]:
    """Each run of readings that are, or whose change is, far from the seven days before."""
    normal = usual(readings)

    def distance(number: int) -> float:
        found = normal.get(readings[number].at.date())
        return found[0].distance(float(readings[number].value)) if found else 0

    def leap(number: int) -> float:
        found = normal.get(readings[number].at.date())
        return found[1].distance(change(readings, number)) if found and number > 0 else 0

    return runs(
        readings, "jump", lambda number: max(distance(number), leap(number)) > 6, distance
    )  # fmt: skip


def _incidents_of(readings: list[Reading], newest: datetime) -> Iterator[Incident]:
    device = readings[0].device

    def beyond(number: int) -> float:
        return float(readings[number].beyond)

    def is_same(number: int) -> bool:
        if number == 0 or readings[number].said != readings[number - 1].said:
            return False
        return seconds(readings[number - 1].at, readings[number].at) < SILENT

    def lasts(bad: list[int], each: Incident) -> float:
        return seconds(each.began_at, each.ended_at or readings[bad[-1]].at) / 60

    for bad, each in runs(readings, "out_of_range", lambda number: beyond(number) > 0, beyond):
        if lasts(bad, each) > int(device["minutes_allowed"]):
            yield each
    if device["is_steady"] == "true":
        for _, each in jumps(readings):
            yield each
    for bad, each in runs(readings, "stuck", is_same, lambda _: 0):
        if lasts(bad, each) >= 240:
            yield each
    for one, other in pairwise([*(reading.at for reading in readings), newest]):
        if seconds(one, other) >= SILENT:
            ended = None if other == newest else other
            yield Incident(device["device_id"], "silence", one, ended, None)


def first_days(found: dict[str, list[Reading]]) -> dict[str, date]:
    """The day from which on each device must have readings."""
    spoke = {
        device_id: business_date(devices()[device_id], hour_of(readings[0].at))
        for device_id, readings in found.items()
    }
    of_branch: dict[str, list[date]] = defaultdict(list)
    for device_id, day in spoke.items():
        of_branch[devices()[device_id]["branch_id"]].append(day)
    first = {}
    for device_id, device in devices().items():
        if device["branch_id"] not in of_branch:
            continue  # it takes no part
        known = [date.fromisoformat(device["installed_on"])] if device["installed_on"] else []
        known += [spoke[device_id]] if device_id in spoke else []
        first[device_id] = min(known or of_branch[device["branch_id"]])
    return first


def days(found: dict[str, list[Reading]], wrong: Sequence[Incident]) -> list[Row]:
    """The days of the cold chain, of devices that never said anything, too."""
    last_hour = hour_of(max(readings[-1].at for readings in found.values()))
    rows: list[Row] = []
    for device_id, day in first_days(found).items():
        device = devices()[device_id]
        zone, cutover = ZONES[device["branch_id"]]
        heard = [hour_of(reading.at) for reading in found.get(device_id, ())]
        is_first = bool(heard) and day == business_date(device, heard[0])
        while day <= business_date(device, last_hour):
            begin, end = (
                datetime(each.year, each.month, each.day, cutover, tzinfo=zone)
                for each in (day, day + timedelta(days=1))
            )
            of_day = [
                each
                for each in wrong
                if each.device_id == device_id
                and each.began_at < end
                and (each.ended_at is None or each.ended_at > begin)
            ]
            kinds = {each.kind for each in of_day}
            is_over = last_hour >= end
            was_there = bool(heard) and (is_first or heard[0] <= begin)
            count = sum(begin <= hour < end for hour in heard)
            is_complete = is_over and was_there and "silence" not in kinds
            is_in_range = "out_of_range" not in kinds
            rows.append((device_id, day, is_over, is_complete, is_in_range, len(of_day), count))
            day, is_first = day + timedelta(days=1), False
    return sorted(rows)
