"""The sensors: hours, incidents and days of the cold chain are those of a recount in Python.

The tests of this file share one warehouse and follow one another: the small company as it was
published, and then a day more with readings that are late, sent again, or unreadable.
"""

from __future__ import annotations

import csv
import json
import re
import textwrap
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.warehouse import PROJECT_DIR, Warehouse
from sample import guests, sensors
from sample.topics import stamp
from tests.python.commands import mypizza, query, sample

ZONES = {"chicago": (ZoneInfo("America/Chicago"), 4), "quito": (ZoneInfo("America/Guayaquil"), 3)}
HOURS = """
    select
        device_id, to_char(hour_started_at at time zone 'UTC', 'YYYY-MM-DD HH24'), business_date,
        readings, lowest_reading, highest_reading, mean_reading, last_reading, minutes_out_of_range
    from marts.fct_sensor_hours
"""
INCIDENTS = """
    select
        device_id, incident_kind, to_char(began_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
        coalesce(to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), ''), worst_value
    from marts.fct_sensor_incidents
"""
DAYS = """
    select device_id, business_date, is_over, is_complete, is_in_range, incidents, readings
    from marts.rpt_cold_chain_days
"""
Row = tuple[Any, ...]


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


def devices() -> dict[str, dict[str, str]]:
    with (PROJECT_DIR / "seeds" / "devices.csv").open(encoding="utf-8", newline="") as file:
        return {row["device_id"]: row for row in csv.DictReader(file)}


def topic() -> tuple[dict[str, list[Reading]], datetime]:
    """The readings of each device by time, each once, and the moment of the newest message."""
    known, seen = devices(), set()
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


def hours(found: dict[str, list[Reading]]) -> list[Row]:
    by_hour: dict[tuple[str, datetime], list[Reading]] = defaultdict(list)
    for device_id, readings in found.items():
        for reading in readings:
            hour = reading.at.replace(minute=0, second=0, microsecond=0)
            by_hour[device_id, hour].append(reading)
    return sorted(
        (
            device_id, f"{hour:%Y-%m-%d %H}", business_date(readings[0].device, hour),
            len(values), min(values), max(values), rounded(sum(values, Decimal(0)) / len(values)),
            values[-1], rounded(Decimal(10 * sum(reading.beyond > 0 for reading in readings))),
        )
        for (device_id, hour), readings in by_hour.items()
        if (values := [reading.value for reading in readings])
    )  # fmt: skip


def usual(readings: list[Reading]) -> dict[date, tuple[float, float]]:
    """Median and spread of the seven days before each day, if these are 24 readings."""
    by_day: dict[date, list[float]] = defaultdict(list)
    for reading in readings:
        by_day[reading.at.date()].append(float(reading.value))
    found = {}
    for day in by_day:
        before = [value for n in range(1, 8) for value in by_day.get(day - timedelta(days=n), ())]
        if len(before) >= 24:
            middle = median(before)
            spread = 1.4826 * median(abs(value - middle) for value in before)
            found[day] = (middle, max(spread, 0.1))
    return found


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
            of = readings[max(bad, key=lambda each: (worst(each), -each))]
            begin = readings[bad[0] - (kind == "stuck")].at
            yield bad, Incident(of.device["device_id"], kind, begin, end, of.value)
            bad = []


def incidents(found: dict[str, list[Reading]], newest: datetime) -> list[Incident]:
    """All incidents by the rules of the how-to, without a line of SQL."""
    return [each for readings in found.values() for each in _incidents_of(readings, newest)]


def _incidents_of(readings: list[Reading], newest: datetime) -> Iterator[Incident]:
    device, normal = readings[0].device, usual(readings)

    def beyond(number: int) -> float:
        return float(readings[number].beyond)

    def distance(number: int) -> float:
        middle, spread = normal.get(readings[number].at.date(), (0, 0))
        return abs(float(readings[number].value) - middle) / spread if spread else 0

    def is_same(number: int) -> bool:
        return number > 0 and readings[number].said == readings[number - 1].said

    def minutes(bad: list[int], each: Incident) -> float:
        return seconds(each.began_at, each.ended_at or readings[bad[-1]].at) / 60

    for bad, each in runs(readings, "out_of_range", lambda number: beyond(number) > 0, beyond):
        if minutes(bad, each) > int(device["minutes_allowed"]):
            yield each
    if device["is_steady"] == "true":
        for _, each in runs(readings, "jump", lambda number: distance(number) > 8, distance):
            yield each
    for bad, each in runs(readings, "stuck", is_same, lambda _: 0):
        if minutes(bad, each) >= 240:
            yield each
    for one, other in pairwise([*(reading.at for reading in readings), newest]):
        if seconds(one, other) >= 3.5 * 600:
            ended = None if other == newest else other
            yield Incident(device["device_id"], "silence", one, ended, None)


def days(found: dict[str, list[Reading]], wrong: Sequence[Incident]) -> list[Row]:
    """The days of the cold chain."""
    last = max(readings[-1].at for readings in found.values())
    last_hour = last.replace(minute=0, second=0, microsecond=0)
    rows = []
    for device_id, readings in found.items():
        device = readings[0].device
        zone, cutover = ZONES[device["branch_id"]]
        first_hour = readings[0].at.replace(minute=0, second=0, microsecond=0)
        day = business_date(device, first_hour)
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
                and (each.ended_at is None or each.ended_at >= begin)
            ]
            kinds = {each.kind for each in of_day}
            is_over = last_hour >= end
            is_complete = is_over and first_hour <= begin and "silence" not in kinds
            count = sum(
                begin <= reading.at.replace(minute=0, second=0, microsecond=0) < end
                for reading in readings
            )
            rows.append(
                (
                    device_id,
                    day,
                    is_over,
                    is_complete,
                    "out_of_range" not in kinds,
                    len(of_day),
                    count,
                )
            )
            day += timedelta(days=1)
    return sorted(rows)


@pytest.fixture(scope="module")
def published(small_warehouse: Warehouse) -> Warehouse:
    return small_warehouse


def matches(warehouse: Warehouse) -> None:
    """The marts are the recount."""
    found, newest = topic()
    wrong = incidents(found, newest)
    assert sorted(query(warehouse, HOURS)) == hours(found)
    assert sorted(query(warehouse, INCIDENTS), key=str) == sorted(
        (each.row for each in wrong), key=str
    )
    assert sorted(query(warehouse, DAYS)) == days(found, wrong)


def test_hours_incidents_and_days_are_those_of_a_recount(published: Warehouse) -> None:
    matches(published)
    kinds = query(published, "select incident_kind from marts.fct_sensor_incidents group by 1")
    assert sorted(kinds) == [("jump",), ("out_of_range",), ("silence",), ("stuck",)]
    ((wrong_clock, fahrenheit, late),) = query(
        published,
        "select bool_or(has_wrong_clock), bool_or(said_unit = 'F'),"
        " bool_or(received_at > happened_at + interval '1 hour') from marts.fct_sensor_readings",
    )
    assert (wrong_clock, fahrenheit, late) == (True, True, True)


def test_the_fridge_that_fails_for_a_night_breaks_its_cold_chain(published: Warehouse) -> None:
    device_id, day = sensors.FAILS
    rows = query(
        published,
        "select days.is_in_range, days.minutes_out_of_range > 300, days.responsible,"
        " devices.contents_cost from marts.rpt_cold_chain_days as days"
        " inner join marts.dim_devices as devices using (device_id)"
        f" where device_id = '{device_id}' and business_date = '{day}'",
    )
    assert rows == [(False, True, "shift lead", Decimal("600.00"))]


def test_the_blocks_of_the_how_to_are_right(published: Warehouse) -> None:
    page = (PROJECT_DIR / "docs" / "how-to" / "add-sensors.md").read_text("utf-8")
    blocks = re.findall(r"^ *```(\w+)\n(.*?)^ *```", page, re.M | re.S)
    texts = [(kind, textwrap.dedent(text)) for kind, text in blocks]
    config = (PROJECT_DIR / ".dlt" / "config.toml").read_text("utf-8")
    for kind, text in texts:
        if kind == "toml":
            assert text in config
        elif kind == "csv":
            header, row = csv.reader(text.splitlines())
            assert header == list(next(iter(devices().values())))
            assert len(row) == len(header)
        else:
            assert query(published, text)
    assert [kind for kind, _ in texts] == ["toml", "csv", "sql", "sql"]


def send(said: dict[str, Any], received_at: datetime) -> None:
    """Let the broker have one message more."""
    with closing(guests.open_state(guests.file())) as state, guests.writing(state):
        state.execute(
            "insert into sensor_readings (place, received_at, message)"
            " select max(place) + 1, ?, ? from sensor_readings",
            [stamp(received_at), json.dumps(said)],
        )


def test_late_readings_reopen_their_hour_and_bad_ones_wait(published: Warehouse) -> None:
    found, newest = topic()
    silences = [each for each in incidents(found, newest) if each.kind == "silence"]
    gap = next(each for each in silences if each.ended_at and "fridge" in each.device_id)
    at = gap.began_at + timedelta(minutes=11)
    late: dict[str, Any] = {
        "reading_id": "late", "device": gap.device_id, "value": 3.3, "sequence": 1,
        "measured_at": stamp(at), "sent_at": stamp(newest),
    }  # fmt: skip
    send(late, newest)
    send(late, newest)
    send({**late, "reading_id": "late again"}, newest)
    bad = {"device": {"device": "toaster"}, "value": {"value": "warm"}, "unit": {"unit": "X"}}
    for name, wrong in bad.items():
        send({**late, "reading_id": name, **wrong}, newest)
    send({**late, "reading_id": "clock", "measured_at": "1970-01-01T00:00:00Z"}, newest)
    time.sleep(1)  # the broker looks ten times a second
    sample("advance", "--days", "1")
    mypizza("run", "--no-docs")

    matches(published)
    waiting = query(
        published,
        "select reasons[1] from audit.quarantine where table_name = 'sensors'"
        " and released_at is null",
    )
    assert sorted(reason.split(":")[0] for (reason,) in waiting) == [
        "device", "occurred_at", "unit", "value",
    ]  # fmt: skip
    everything = [
        f"select * from marts.{mart} order by 1, 2"
        for mart in ("fct_sensor_readings", "fct_sensor_hours", "fct_sensor_baselines")
    ]
    built = [query(published, each) for each in everything]
    mypizza("run", "--no-docs", "--full-refresh")
    assert [query(published, each) for each in everything] == built
    matches(published)


def test_hours_and_incidents_stay_when_readings_go(published: Warehouse) -> None:
    marts = ("fct_sensor_hours", "fct_sensor_incidents")
    before = [query(published, f"select * from marts.{mart} order by 1, 2") for mart in marts]
    build = ("dbt", "build", "--select", "fct_sensor_readings+")
    mypizza(*build)  # of a generation of its own since the full refresh
    mypizza(*build, "--vars", "sensor_readings_kept_days: 12")
    after = [query(published, f"select * from marts_next.{mart} order by 1, 2") for mart in marts]
    assert after == before
    ((kept, all_readings, shortest),) = query(
        published,
        "select (select count(*) from marts_next.fct_sensor_readings), count(*),"
        " (select max(received_at) - min(happened_at) from marts_next.fct_sensor_readings)"
        " from marts.fct_sensor_readings",
    )
    assert 0 < kept < all_readings
    assert shortest <= timedelta(days=12, hours=1)
