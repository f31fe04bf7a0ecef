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
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingest.warehouse import PROJECT_DIR, Warehouse
from sample import guests, sensors
from sample.topics import stamp
from tests.python.commands import mypizza, query, sample
from tests.python.sensor_recount import days, devices, hours, incidents, topic

HOURS = """
    select
        device_id, to_char(hour_started_at at time zone 'UTC', 'YYYY-MM-DD HH24'), business_date,
        readings, lowest_reading, highest_reading, mean_reading, last_reading, minutes_out_of_range,
        minutes_measured
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


@pytest.fixture(scope="module")
def published(small_warehouse: Warehouse) -> Warehouse:
    return small_warehouse


def matches(warehouse: Warehouse, schema: str = "marts") -> None:
    """A version of the marts is the recount."""
    found, newest = topic()
    wrong = incidents(found, newest)
    in_hours, in_incidents, in_days = (
        query(warehouse, text.replace("marts.", f"{schema}.")) for text in (HOURS, INCIDENTS, DAYS)
    )
    assert sorted(in_hours) == hours(found)
    assert sorted(in_incidents, key=str) == sorted((each.row for each in wrong), key=str)
    assert sorted(in_days) == days(found, wrong)


def audited_build(*options: str) -> None:
    """Build the sensors and what they are made from, with the tests of all that, in marts_next."""
    kinds = ("--exclude-resource-type", "unit_test")
    mypizza("dbt", "build", "--select", "+rpt_cold_chain_days", *kinds, *options)


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


def test_a_device_that_never_sent_a_reading_is_not_recorded(published: Warehouse) -> None:
    # the small company has no sensors in New York
    rows = query(
        published,
        "select is_complete, readings, responsible from marts.rpt_cold_chain_days"
        " where device_id = 'new_york-fridge' and is_over group by 1, 2, 3",
    )
    assert rows == [(False, 0, "shift lead")]
    status = json.loads(mypizza("status", "--json", expect=None).stdout)
    mute = {row["device_id"] for row in status["mute_devices"]}
    spoke = query(published, "select distinct device_id from marts.fct_sensor_readings")
    assert mute == {*devices()} - {device_id for (device_id,) in spoke}
    assert "No reading has ever come of honolulu-freezer" in " ".join(
        mypizza("status", expect=None).stdout.split()
    )


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
    old = newest - timedelta(days=89)
    send({**late, "reading_id": "old", "measured_at": stamp(old)}, newest)
    time.sleep(1)  # the broker looks ten times a second
    sample("advance", "--days", "1")
    mypizza("ingest", "streams")
    # a release before this one had a seed without these columns
    with published.connect() as connection:
        for column in ("name_in_readings", "installed_on"):
            connection.execute(f"alter table staging.devices drop column {column} cascade".encode())
    audited_build()

    matches(published, "marts_next")
    waiting = query(
        published,
        "select reasons[1] from audit.quarantine where table_name = 'sensors'"
        " and released_at is null",
    )
    assert sorted(reason.split(":")[0] for (reason,) in waiting) == [
        "device", "occurred_at", "occurred_at", "unit", "value",
    ]  # fmt: skip
    everything = [
        f"select * from marts_next.{mart} order by 1, 2"
        for mart in ("fct_sensor_readings", "fct_sensor_hours", "fct_sensor_baselines")
    ]
    built = [query(published, each) for each in everything]
    audited_build("--full-refresh")
    assert [query(published, each) for each in everything] == built
    matches(published, "marts_next")


def test_hours_and_incidents_stay_when_readings_go(published: Warehouse) -> None:
    hours_and_incidents = [
        f"select * from marts_next.{mart} order by 1, 2"
        for mart in ("fct_sensor_hours", "fct_sensor_incidents")
    ]
    readings = "select count(*) from marts_next.fct_sensor_readings"
    before = [query(published, each) for each in hours_and_incidents]
    ((all_readings,),) = query(published, readings)
    build = ("dbt", "build", "--select", "fct_sensor_readings+")
    mypizza(*build)  # of a generation of its own since the full refresh
    mypizza(*build, "--vars", "sensor_readings_kept_days: 12")
    assert [query(published, each) for each in hours_and_incidents] == before
    ((kept, shortest),) = query(
        published,
        f"select ({readings}), max(received_at) - min(happened_at)"
        " from marts_next.fct_sensor_readings",
    )
    assert 0 < kept < all_readings
    assert shortest <= timedelta(days=12, hours=1)
