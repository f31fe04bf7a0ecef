"""The sensors of fridges, freezers, ovens and proofers: a reading every ten minutes, as a topic.

As real ones do, they fail in small ways: readings are lost, come twice or hours late, a door stays
open, a value is stuck, another jumps, a clock is reset. One fridge fails for a night. All luck
comes from the device and the day.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from ingest.warehouse import PROJECT_DIR, Warehouse
from sample import company, guests
from sample.topics import Sent, Topic, stamp

TOPIC = Topic("plant.sensors.v1", "sensor_readings", by="device", is_keyed=True)
DEVICES_FILE = PROJECT_DIR / "seeds" / "devices.csv"
OPEN_DAYS = 28
"""How long before the year's end the sensors were installed."""

EVERY = timedelta(minutes=10)
READINGS = timedelta(days=1) // EVERY
"""A day's."""

FAILS = ("quito-fridge", date(2015, 12, 20))
"""A fridge, and the day from whose evening on it fails for a night."""

FORGETS = ("chicago-freezer", date(2015, 12, 18))
"""A device, and the day on which its battery is changed: its clock begins again at BATTERY."""

BATTERY = datetime(2012, 1, 1, tzinfo=UTC)

OPENED = {"fridge": 9.0, "freezer": 11.0, "oven": -60.0, "proofer": -5.0}
"""What an open door does within an hour, in °C."""


@dataclass(frozen=True)
class Device:
    """A row of seeds/devices.csv, and the branch's clock."""

    device_id: str
    kind: str
    metric: str
    unit: str
    zone: ZoneInfo

    def normal(self, at: datetime, luck: Random) -> float:
        """Return what it measures when nothing is wrong, in °C or %."""
        hour = at.astimezone(self.zone).hour
        is_open = 11 <= hour < 22
        if self.metric == "humidity":
            return 75 + luck.gauss(0, 2)
        if self.kind == "fridge":
            return 3.5 + 0.7 * is_open + luck.gauss(0, 0.35)
        if self.kind == "freezer":
            return -20 + 0.8 * is_open + luck.gauss(0, 0.5)
        if self.kind == "oven":
            return (305 if is_open else 40) + luck.gauss(0, 6)
        return 27 + luck.gauss(0, 0.5)


Fault = Callable[[int, float], float | None]
"""What becomes of a day's n-th value; None where it is lost."""


def catch_up(warehouse: Warehouse, prefix: str = "till_") -> int:
    """Let the sensors measure until the tills' last trading day; return how many messages that is.

    One transaction: cut short, it leaves everything as it was.

    Args:
        warehouse: the server that the sample's tills are on.
        prefix: of the tills' databases' names, before the branch id.
    """
    last_day = company.last_day(warehouse, prefix) + timedelta(days=1)
    with closing(guests.open_state(guests.file())) as state, guests.writing(state):
        row = state.execute("select value from settings where name = 'sensors'").fetchone()
        day = (
            date.fromisoformat(row[0]) + timedelta(days=1)
            if row
            else company.LAST_DAY - timedelta(days=OPEN_DAYS - 1)
        )
        devices = _devices(company.branches_of(warehouse, prefix))
        while day <= last_day:
            for device in devices:
                TOPIC.add(state, _day(device, day))
            state.execute("insert or replace into settings values ('sensors', ?)", [str(day)])
            day += timedelta(days=1)
        return TOPIC.arrive(state, datetime.combine(last_day, time(guests.CLOCK_HOUR), UTC))


def _devices(branches: list[str]) -> list[Device]:
    """Return the devices of some branches."""
    with company.BRANCHES_FILE.open(encoding="utf-8", newline="") as file:
        zones = {row["branch_id"]: ZoneInfo(row["time_zone"]) for row in csv.DictReader(file)}
    with DEVICES_FILE.open(encoding="utf-8", newline="") as file:
        return [
            Device(
                row["device_id"], row["device_kind"], row["metric"], row["unit"],
                zones[row["branch_id"]],
            )
            for row in csv.DictReader(file)
            if row["branch_id"] in branches
        ]  # fmt: skip


def _day(device: Device, day: date) -> Iterator[Sent]:
    """Yield the messages of a device's readings of a day, in UTC."""
    luck = Random(f"{company.SEED} {device.device_id} {day}")  # noqa: S311 - dice
    begin = datetime.combine(day, time(), UTC)
    faults = list(_faults(device, day, luck))
    late = (luck.randrange(100), luck.randrange(6, 30)) if luck.random() < 0.05 else (0, 0)
    forgets = 60 if (device.device_id, day) == FORGETS else READINGS
    first = (day - date(2015, 1, 1)).days * READINGS
    for number in range(READINGS):
        # a sensor is never quite on time
        at = begin + number * EVERY + timedelta(seconds=luck.uniform(0, 9))
        value: float | None = device.normal(at, luck)
        for fault in faults:
            value = fault(number, value) if value is not None else None
        if value is None or luck.random() < 0.004:
            continue
        # what it could not send, it sends when the network is back
        back = sum(late) if late[0] <= number < sum(late) else number
        waits = (back - number) * EVERY
        sequence, skew = first + number, timedelta()
        if number >= forgets:
            sequence, skew = number - forgets, BATTERY - (begin + forgets * EVERY)
        yield from _sends(device, at, value, sequence, waits, skew, luck)


def _sends(
    device: Device, at: datetime, value: float, sequence: int, waits: timedelta, skew: timedelta,
    luck: Random,
) -> Iterator[Sent]:  # fmt: skip
    """Yield the message of a reading, and again where its answer was lost."""
    said: dict[str, Any] = {
        "reading_id": f"{device.device_id}-{at:%Y%m%d%H%M%S}", "device": device.device_id,
        "metric": device.metric, "value": round(value, 1), "sequence": sequence,
        "measured_at": stamp(at + skew), "sent_at": stamp(at + waits + skew),
    }  # fmt: skip
    if device.unit == "F":
        said |= {"value": round(value * 9 / 5 + 32, 1), "unit": "°F"}
    received = at + waits + timedelta(seconds=luck.uniform(0.1, 1.5))
    yield received, said
    dice = luck.random()
    if dice < 0.01:
        yield received + timedelta(seconds=3), said
    elif dice < 0.013:  # the gateway takes it for another one
        yield received + timedelta(seconds=5), said | {"reading_id": said["reading_id"] + "-2"}


def _faults(device: Device, day: date, luck: Random) -> Iterator[Fault]:
    """Yield what goes wrong with a device on a day."""
    start = luck.randrange(10, 120)

    def while_in(begin: int, end: int, change: Callable[[int, float], float | None]) -> Fault:
        return lambda number, value: change(number, value) if begin <= number < end else value

    evening = 132  # 17:00 in Quito
    if (device.device_id, day) == FAILS:
        yield while_in(evening, READINGS, lambda n, value: value + 0.5 * (n - evening))
    if (device.device_id, day - timedelta(days=1)) == FAILS:
        yield while_in(0, 78, lambda n, value: value + min(14, 6 + 0.5 * n))
    if luck.random() < 0.03:  # a door stays open
        opened = OPENED[device.kind]
        length = luck.randrange(3, 10)
        yield while_in(start, start + length, lambda n, value: value + opened * (n - start + 1) / 6)
    if luck.random() < 0.02:  # nothing is measured
        yield while_in(start, start + luck.randrange(4, 18), lambda *_: None)
    if luck.random() < 0.01:
        stuck = round(luck.uniform(1, 5), 1)
        yield while_in(start, start + luck.randrange(26, 50), lambda *_: stuck)
    if luck.random() < 0.015:  # a loose contact
        jumped = luck.choice([-60.0, 130.0])
        yield while_in(start, start + luck.randrange(1, 3), lambda *_: jumped)
