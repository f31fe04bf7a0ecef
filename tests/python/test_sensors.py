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
from datetime import UTC, datetime, timedelta
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


def test_a_device_of_a_branch_that_no_source_has_loaded_is_not_expected(
    published: Warehouse,
) -> None:
    # the seeds have all of the sample's branches, and the small company loads some
    unloaded = query(
        published,
        "select count(*), bool_or(devices.is_expected), bool_or(days.device_id is not null)"
        " from marts.dim_devices as devices"
        " left join marts.rpt_cold_chain_days as days using (device_id)"
        " where devices.branch_id not in (select branch_id from marts.fct_orders)",
    )
    assert unloaded == [(15, False, False)]
    assert query(
        published,
        "select count(*) from live.devices"
        " where branch_id not in (select branch_id from marts.fct_orders)",
    ) == [(0,)]
    assert json.loads(mypizza("status", "--json", expect=None).stdout)["mute_devices"] == []
    assert "No reading has ever come" not in mypizza("status", expect=None).stdout


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
        for column in (
            "name_in_readings", "installed_on", "value_in_readings", "removed_on",
        ):  # fmt: skip
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


NEW_DEVICES = """
    insert into staging.devices (
        device_id, branch_id, metric, unit, lowest_value, highest_value, minutes_allowed,
        expected_seconds, is_steady, name_in_readings, value_in_readings, removed_on
    )
    values
    ('mute', 'quito', 'temperature', 'C', null, 7, 30, 600, true, null, null, null),
    ('taken out', 'quito', 'temperature', 'C', null, 7, 30, 600, true, null, null, %(removed)s),
    ('lab', 'quito', 'temperature', 'C', null, 7, 30, 600, true, 'lab', 'air.t', null),
    ('lab air', 'quito', 'humidity', '%%', 60, 90, 30, 600, true, 'lab', 'air.rh', null)
"""
MUTE = PROJECT_DIR / "ingest" / "cli" / "sql" / "mute_devices.sql"


def say_values(at: datetime, *several: dict[str, Any]) -> None:
    """Let a device send messages with several values each, a minute apart."""
    for number, air in enumerate(several):
        sent_at = stamp(at - timedelta(minutes=len(several) - number))
        said = {"reading_id": f"lab {sent_at}", "device": "lab", "air": air, "sent_at": sent_at}
        send({**said, "measured_at": sent_at}, at)
    time.sleep(1)


def test_devices_may_be_mute_removed_or_say_several_values(published: Warehouse) -> None:
    ((newest, silent),) = query(
        published,
        "select max(business_date), min(device_id) filter (where branch_id = 'quito')"
        " from marts_next.rpt_cold_chain_days",
    )
    removed = newest - timedelta(days=3)
    with published.connect() as connection:
        connection.execute(NEW_DEVICES, {"removed": removed})
        connection.execute(
            "update staging.devices set removed_on = %s where device_id = %s", [removed, silent]
        )
    ((newest_at,),) = query(
        published, "select max(received_at) from marts_next.fct_sensor_readings"
    )
    say_values(newest_at, {"t": 3.9, "rh": 81}, {"t": 30, "rh": None}, {"t": "warm", "rh": 81}, {})
    mypizza("ingest", "streams")
    kinds = ("--exclude-resource-types", "unit_test", "seed")
    mypizza("dbt", "build", "--select", "+rpt_cold_chain_days", "+live_devices", *kinds)

    read = "select device_id, reading_value from {} where device_id like 'lab%' order by 1, 2"
    assert query(published, read.format("marts_next.fct_sensor_readings")) == [
        ("lab", Decimal("3.90")), ("lab", Decimal("30.00")), ("lab air", Decimal("81.00")),
    ]  # fmt: skip
    waiting = query(
        published,
        "select reasons from audit.quarantine where released_at is null"
        " and reasons[1] like '%value_in_readings%'",
    )
    assert waiting == [(["value: one of value_in_readings is no number that a sensor measures"],)]
    lab = query(
        published,
        "select device_id, sum(readings) from marts_next.rpt_cold_chain_days"
        " where device_id like 'lab%' group by 1 order by 1",
    )
    assert lab == [("lab", 2), ("lab air", 1)]

    mute = query(published, MUTE.read_text("utf-8").replace("marts.", "marts_next."))
    assert [device_id for _, device_id, _ in mute] == ["mute"]
    days = "select max(business_date), bool_or(is_complete) from marts_next.rpt_cold_chain_days"
    before = removed - timedelta(days=1)
    assert query(published, f"{days} where device_id = 'taken out'") == [(before, False)]
    assert query(published, f"{days} where device_id = '{silent}'") == [(before, True)]
    after = query(
        published,
        "select incidents.incident_kind from marts_next.fct_sensor_incidents as incidents"
        " inner join marts_next.dim_devices as devices using (device_id)"
        f" where device_id = '{silent}' and incidents.incident_kind = 'silence'"
        " and coalesce(incidents.ended_at, incidents.began_at) > devices.removed_at",
    )
    assert after == []
    assert (
        query(
            published,
            f"select 1 from live_next.devices where device_id in ('taken out', '{silent}')",
        )
        == []
    )

    say_values(datetime.now(UTC), {"t": 31, "rh": 82})
    mypizza("ingest", "streams")
    last = "select device_id, reading_value, is_out_of_range, is_silent from live_next.devices"
    assert query(published, f"{last} where device_id like 'lab%' order by 1") == [
        ("lab", Decimal("31.00"), True, False), ("lab air", Decimal("82.00"), False, False),
    ]  # fmt: skip
