"""`mypizza follow`: an event is in live within seconds; kills, builds and lost servers do no harm.

The tests of this file share one warehouse and follow one another: the small company as it was
published, whose broker gets events of today.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import tomlkit

from ingest import warehouse as warehouse_module
from ingest.loads.follow import intervals
from ingest.loads.source import SourceError
from ingest.publish import incidents
from ingest.publish.alert import Alarm
from ingest.sources.registry import SOURCES
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import (
    let_business_dates_end,
    mypizza,
    query,
    read_settings_again,
    settings,
)
from tests.python.conftest import Receiver
from tests.python.kafka import Broker, Kafka, needs_kafka, run_kafka

TOPIC = "web.shop.v1"
LANDED = "select partition_id, message_offset, convert_to(value, 'UTF8') from raw_streams.shop"


class SampleBroker(Broker):
    """The sample's broker, which runs in the sample's own process."""

    def __init__(self) -> None:
        secrets = tomlkit.parse((settings() / "secrets.toml").read_text("utf-8"))
        self.servers = secrets["sources"]["streams"]["bootstrap_servers"]


@pytest.fixture(scope="module")
def published(small_warehouse: Warehouse) -> Warehouse:
    return small_warehouse


@pytest.fixture
def broker(published: Warehouse) -> Broker:
    del published  # whose sample has it
    return SampleBroker()


def event(name: str, kind: str = "page_view") -> str:
    """An event of the web shop, of now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({
        "event_id": name, "event": kind, "occurred_at": now, "sent_at": now, "branch": "quito",
        "visitor_id": name, "platform": "web",
    })  # fmt: skip


def until(is_so: Callable[[], Any], why: Callable[[], str] = str, seconds: float = 120) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, why()
        time.sleep(0.3)


# Of each branch with a till, where its clock hangs and at which hour its day ends.
ZONES = {"chicago": ("America/Chicago", 4), "quito": ("America/Guayaquil", 3)}
SELL = """
    create temp table sold as
    select order_id, (select max(order_id) + 1 from orders) as new_id
    from orders
    where
        status = 'completed' and ordered_at < '2016-02-01'
        and not exists (
            select 1 from payments
            where payments.order_id = orders.order_id and payments.payment_type <> 'sale'
        )
    order by order_id desc
    offset {past} limit 1;
    insert into orders
    select
        new_id, 'today-' || new_id, null, channel, status, {at}, currency, gross_amount,
        discount_amount, tax_amount, total_amount, note, metadata, {at}, now()
    from orders inner join sold using (order_id);
    insert into order_lines
    select
        (select max(order_line_id) from order_lines) + row_number() over (), new_id, line_number,
        product_id, quantity, unit_price, discount_amount, now()
    from order_lines inner join sold using (order_id);
    insert into payments
    select
        (select max(payment_id) from payments) + row_number() over (), new_id, payment_method,
        payment_type, amount, tax_amount, tip_amount, currency, card_last_four, {at}, now()
    from payments inner join sold using (order_id);
    drop table sold
"""

# an edit, a refund and a cancellation
CHANGES = (
    "update orders set gross_amount = gross_amount + 5, updated_at = now() where order_id = %s",
    """
    insert into payments
    select
        (select max(payment_id) + 1 from payments), order_id, payment_method, 'refund', -amount,
        -tax_amount, 0, currency, card_last_four, now(), now()
    from payments where order_id = %s limit 1
    """,
    "update orders set status = 'cancelled', updated_at = now() where order_id = %s",
)


def sell(till: psycopg.Connection[Any], hours: float) -> None:
    """Sell so many hours ago what was sold before, another order each time."""
    at = f"now() - {hours} * interval '1 hour'"
    till.execute(SELL.format(at=at, past=int(hours)).encode())


def till_today(warehouse: Warehouse, branch: str) -> tuple[int, Decimal]:
    """What a till sold today by its branch's clock, with prices that are without tax."""
    zone, hour = ZONES[branch]
    date = f"cast({{}} at time zone '{zone}' - interval '{hour} hours' as date)"
    text = f"""
        select count(*), coalesce(sum(gross_amount - discount_amount), 0) from orders
        where status = 'completed' and {date.format("ordered_at")} = {date.format("now()")}
    """
    ((orders, revenue),) = query(warehouse, text, f"till_{branch}")
    return orders, revenue


def live_today(warehouse: Warehouse) -> dict[str, tuple[int, Decimal]]:
    """What live has sold today, by branch."""
    rows = query(
        warehouse, "select branch_id, orders, revenue_before_refunds from live.orders_today"
    )
    return {branch: (orders, revenue) for branch, orders, revenue in rows}


class Follow:
    """A process that follows, as a user starts it."""

    def __init__(self, log: Path, *options: str) -> None:
        self.log = log
        self.command = [sys.executable, "-m", "ingest.cli", "follow", *options]
        with log.open("ab") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=out, cwd=PROJECT_DIR)
        until(lambda: "Following " in self.said(), self.said)

    def said(self) -> str:
        """What it has said."""
        return self.log.read_text("utf-8")

    def end(self) -> int:
        """End it as systemd does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)

    def kill(self) -> None:
        """Kill it as a power cut does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def follow(log: Path, *options: str) -> Iterator[Follow]:
    process = Follow(log, *options)
    try:
        yield process
    finally:
        process.kill()


def is_there(warehouse: Warehouse, name: str) -> bool:
    """Whether an event has landed."""
    where = f"where value::jsonb ->> 'event_id' = '{name}'"
    return bool(query(warehouse, f"select 1 from raw_streams.shop {where}"))


def status(expect: int | None = None) -> Any:
    return json.loads(mypizza("status", "--json", expect=expect).stdout)


def test_an_event_and_a_reading_are_in_live_and_sigterm_ends_it_cleanly(
    published: Warehouse, broker: Broker, tmp_path: Path
) -> None:
    with follow(tmp_path / "log", "--publish-every", "0") as process:
        broker.produce(TOPIC, [event("first"), event("first", "add_to_cart")])
        shop = (
            "select sessions, sessions_with_cart from live.web_sessions where branch_id = 'quito'"
        )
        # two messages with one id are one event in the marts, and one visitor here
        until(lambda: query(published, shop) == [(1, 1)], process.said)
        said = {"reading_id": "hot", "device": "quito-fridge", "value": 30.5, "sequence": 1}
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        broker.produce(
            "plant.sensors.v1", [json.dumps({**said, "measured_at": now, "sent_at": now})]
        )
        devices = "select reading_value, is_out_of_range, is_silent from live.devices"
        until(
            lambda: (
                [float(row[0]) for row in query(published, devices) if row[1:] == (True, False)]
                == [30.5]
            ),
            process.said,
        )
        found = status()
        assert found["following"]["is_running"]
        assert {row["messages_behind"] for row in found["partitions"]} == {0}
        second = subprocess.run(process.command, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert "Another process follows already" in second.stderr
        assert "Ending" not in second.stdout + second.stderr
        taken_apart = "select count(*) from audit.recent_events where visitor = md5('first')"
        until(lambda: query(published, taken_apart) == [(2,)], process.said)
        # what was taken apart and what was not are counted once
        broker.produce(TOPIC, [event("second"), event("first", "add_to_cart")])
        now = shop.replace("sessions,", "sessions, events,", 1)
        until(lambda: query(published, now) == [(2, 4, 1)], process.said)
        assert process.end() == 0
        assert process.said().endswith("Ended.\n")
    # nothing of a visitor stays behind, and live is right without
    assert query(published, "select count(*) from audit.recent_events") == [(0,)]
    assert query(published, now) == [(2, 4, 1)]
    assert status()["following"]["stopped_at"]
    assert query(published, "select count(*) from audit.loads where outcome = 'running'") == [(0,)]


def test_the_webhook_is_told_of_an_incident_once(
    published: Warehouse, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYPIZZA_ALERT_URL", receiver.url)
    for _ in range(2):
        incidents.tell(published)
    ((count,),) = query(published, "select count(*) from live.sensor_incidents")
    lines = "\n".join(receiver.messages).splitlines()
    assert 0 < count == len(lines)
    assert all(
        re.search(r"^\w+-\w+: \w.* since 20.* UTC, last value .*Tell: ", each) for each in lines
    )
    assert query(published, "select count(*) from audit.told") == [(count,)]


def test_a_failure_that_goes_on_is_told_once_and_so_is_its_end(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYPIZZA_ALERT_URL", receiver.url)
    alarm = Alarm("mypizza run")
    for problem in (None, "3 of 7 records wait.", "4 of 9 records wait.", "It is full.",
                    "5 of 9 records wait.", None, None):  # fmt: skip
        alarm.hear(problem)
    told = [message.replace("\n", " ") for message in receiver.messages]
    begun, other, over = (re.sub(r" on \S+\.", "", each) for each in told)
    assert begun == "mypizza run failed 3 of 7 records wait."
    assert other == "mypizza run failed It is full."
    assert over == "mypizza run is well again"


def test_an_incident_whose_begin_moves_with_late_readings_is_told_once(
    published: Warehouse, broker: Broker, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYPIZZA_ALERT_URL", receiver.url)
    now = datetime.now(UTC)

    def told_after(values: dict[int, float]) -> int:
        """How often it was told, after readings of so many minutes ago have come."""
        said = [
            {
                "reading_id": f"backlog-{ago}", "device": "chicago-fridge", "value": value,
                "measured_at": (now - timedelta(minutes=ago)).isoformat(),
                "sent_at": datetime.now(UTC).isoformat(),
            }
            for ago, value in values.items()
        ]  # fmt: skip
        broker.produce("plant.sensors.v1", [json.dumps(each) for each in said])
        mypizza("ingest", "streams")
        incidents.tell(published)
        lines = "\n".join(receiver.messages).splitlines()
        return sum(line.startswith("chicago-fridge: out of range since") for line in lines)

    # a backlog comes newest first
    assert told_after({1: 20.1, 11: 20.2, 21: 20.3, 31: 20.4, 41: 20.5, 51: 20.6}) == 1
    assert told_after({61: 20.7, 71: 20.8}) == 1
    # it was well in between: what goes on is another incident
    assert told_after({46: 4.0}) == 2
    began = query(
        published,
        "select date_trunc('second', began_at) from audit.told"
        " where device_id = 'chicago-fridge' and incident_kind = 'out_of_range' order by 1",
    )
    assert began == [((now - timedelta(minutes=ago)).replace(microsecond=0),) for ago in (51, 41)]


def test_who_follows_tells_of_an_incident_within_a_minute(
    published: Warehouse,
    broker: Broker,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MYPIZZA_ALERT_URL", receiver.url)
    with follow(tmp_path / "log", "--publish-every", "0") as process:
        now = datetime.now(UTC)
        said = [
            {
                "reading_id": f"thaws-{ago}", "device": "chicago-freezer", "value": 5 - ago / 100,
                "unit": "C", "measured_at": (now - timedelta(minutes=ago)).isoformat(),
                "sent_at": now.isoformat(),
            }
            for ago in (40, 30, 20, 10, 0)
        ]  # fmt: skip
        broker.produce("plant.sensors.v1", [json.dumps(each) for each in said])
        produced = time.monotonic()
        told = "chicago-freezer: out of range since"
        until(lambda: told in "\n".join(receiver.messages), process.said)
        assert time.monotonic() - produced < 60
        assert process.end() == 0
    written = "select count(*) from audit.told where device_id = 'chicago-freezer'"
    assert query(published, f"{written} and incident_kind = 'out_of_range'") == [(1,)]


def test_the_blocks_of_the_how_to_are_right(published: Warehouse) -> None:
    page = (PROJECT_DIR / "docs" / "how-to" / "follow.md").read_text("utf-8")
    blocks = re.findall(r"^ *```(\w+)\n(.*?)^ *```", page, re.M | re.S)
    texts = {kind: textwrap.dedent(text) for kind, text in blocks}
    assert list(texts) == ["toml", "bash", "sql"]
    config = settings() / "config.toml"
    before = config.read_text("utf-8")
    try:
        config.write_text(f"{before}\n{texts['toml']}", "utf-8")
        read_settings_again()
        said = intervals(SOURCES)
        assert (said["streams"], said["pos"], said["files"]) == (2, 120, 3600)
        assert "documents" not in said
        assert "tickets" not in said
        config.write_text(f"{before}\n[follow]\nstream = 1\n", "utf-8")
        read_settings_again()
        with pytest.raises(SourceError, match="names 'stream', which is no source"):
            intervals(SOURCES)
        config.write_text(f"{before}\n[follow]\nstreams = 'often'\n", "utf-8")
        read_settings_again()
        with pytest.raises(SourceError, match="streams is 'often'; write the seconds"):
            intervals(SOURCES)
    finally:
        config.write_text(before, "utf-8")
        read_settings_again()
    assert "mypizza follow was ended" in mypizza("status", expect=None).stdout.replace(
        "does not run: it ", ""
    )
    for statement in texts["sql"].split(";")[:-1]:
        query(published, statement)


def test_a_branch_manager_sees_their_branch_alone_and_a_reader_all(published: Warehouse) -> None:
    asked = "select branch_id from live.orders_today order by 1"
    with warehouse_module.administrator().connect() as connection:
        connection.execute("set role manager_quito")
        assert connection.execute(asked.encode()).fetchall() == [("quito",)]
        assert connection.execute("select distinct branch_id from live.devices").fetchall() == [
            ("quito",)
        ]
        connection.execute("set role reader")
        assert len(connection.execute(asked.encode()).fetchall()) > 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select 1 from live_next.orders_today")
    assert query(published, "select 1 from live.orders_today where orders < 0") == []


def test_killed_and_started_again_it_loses_and_doubles_nothing(
    published: Warehouse, broker: Broker, tmp_path: Path
) -> None:
    for number in range(3):
        with follow(tmp_path / f"log {number}", "--publish-every", "0") as process:
            broker.produce(TOPIC, [event(f"k{number}-{each}") for each in range(3000)])
            last = f"k{number}-{100 * number}"
            until(lambda last=last: is_there(published, last), process.said)  # type: ignore[misc]
            process.kill()
    mypizza("ingest", "streams")
    landed = sorted((row[0], row[1], bytes(row[2])) for row in query(published, LANDED))
    assert landed == broker.recount(TOPIC, 4)


def test_orders_of_today_are_in_live_before_they_are_published(published: Warehouse) -> None:
    let_business_dates_end()
    assert live_today(published) == {branch: (0, Decimal(0)) for branch in ZONES}
    for branch in ZONES:
        with published.connect(f"till_{branch}") as till:
            for hours in (0, 0.01, 5, 12, 20, 28):  # some of them are of the business date before
                sell(till, hours)
    mypizza("ingest", "pos", expect=None)
    found = live_today(published)
    assert found == {branch: till_today(published, branch) for branch in ZONES}
    assert all(orders > 0 for orders, _ in found.values())


def test_a_build_reads_what_had_landed_when_it_began_and_readers_see_no_error(
    published: Warehouse, broker: Broker, tmp_path: Path
) -> None:
    ends, errors, asked = threading.Event(), [], []

    def read() -> None:
        with warehouse_module.administrator().connect() as connection:
            connection.execute("set role reader")
            while not ends.is_set():
                try:
                    for view in ("orders_today", "web_sessions", "devices", "sensor_incidents"):
                        connection.execute(f"select * from live.{view}".encode())
                    asked.append(1)
                except psycopg.Error as error:
                    errors.append(str(error))
                time.sleep(0.2)

    def send() -> None:
        number = 0
        while not ends.is_set():
            broker.produce(TOPIC, [event(f"beside-{number}-{each}") for each in range(50)])
            number += 1
            time.sleep(0.5)

    broker.produce(TOPIC, [event(f"beside-before-{each}") for each in range(50)])
    mypizza("ingest", "streams")
    threads = [threading.Thread(target=each) for each in (read, send)]
    try:
        with follow(tmp_path / "log", "--publish-every", "0.05", "--no-docs") as process:
            for thread in threads:
                thread.start()
            until(lambda: "Published " in process.said(), process.said, 500)
            assert process.end() == 0
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert len(asked) > 20
    pin = "(select load_id from audit.pinned_loads where source_name = 'streams')"
    ((staged, beyond, late),) = query(
        published,
        "select (select count(*) from staging.stg_streams__events where event_id like 'beside-%'),"
        f" (select count(*) from staging.stg_streams__events where load_id > {pin}),"
        f" (select count(*) from raw_streams.shop where _dlt_load_id > {pin})",
    )
    assert staged > 0
    assert beyond == 0
    assert late > 0


def test_it_outlives_the_server_and_says_so_once(
    published: Warehouse, broker: Broker, tmp_path: Path
) -> None:
    with follow(tmp_path / "log", "--publish-every", "0") as process:
        broker.produce(TOPIC, [event("before")])
        until(lambda: is_there(published, "before"), process.said)
        mypizza("down")
        until(lambda: "I go on trying" in process.said(), process.said)
        time.sleep(5)
        mypizza("up")
        broker.produce(TOPIC, [event("after")])
        until(lambda: is_there(published, "after"), process.said)
        until(lambda: "all is well again" in process.said(), process.said)
        assert process.said().count("The warehouse: all is well again.") == 1
        assert process.end() == 0


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Kafka]:
    with run_kafka(tmp_path) as found:
        yield found


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and says nothing; return its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def declared(folder: Path, **sections: Any) -> Iterator[None]:
    """Have these sources alone."""
    (folder / ".dlt").mkdir(parents=True)
    (folder / ".dlt" / "config.toml").write_text(tomlkit.dumps(sections), "utf-8")
    before = os.environ["MYPIZZA_CONFIG_DIR"]
    os.environ["MYPIZZA_CONFIG_DIR"] = str(folder)
    read_settings_again()
    try:
        yield
    finally:
        os.environ["MYPIZZA_CONFIG_DIR"] = before
        read_settings_again()


@needs_kafka
def test_it_outlives_the_broker_and_others_do_not_wait_for_it(
    published: Warehouse, broker: SampleBroker, kafka: Kafka, tmp_path: Path
) -> None:
    kafka.create("clicks")
    topics = {
        "clicks": {"event_id": "event_id", "bootstrap_servers": kafka.servers},
        "shop": {"topic": TOPIC, "event_id": "event_id", "bootstrap_servers": broker.servers},
    }
    rows = "select value from raw_streams.messages where stream = 'clicks' order by message_offset"
    streams = {"timeout_seconds": 15, "topics": topics}
    with (
        declared(tmp_path / "config", sources={"streams": streams}),
        follow(tmp_path / "log", "--publish-every", "0") as process,
    ):
        kafka.produce("clicks", ["a"])
        until(lambda: query(published, rows) == [("a",)], process.said)
        kafka.kill()
        waits: list[float] = []
        while "does not answer" not in process.said():
            begun, name = time.monotonic(), f"beside {len(waits)}"
            broker.produce(TOPIC, [event(name)])
            until(lambda name=name: is_there(published, name), process.said)  # type: ignore[misc]
            waits.append(time.monotonic() - begun)
            found = status(expect=None)
            assert found["following"]["is_running"]
            assert not [each for each in found["problems"] if "process ended" in each]
        assert len(waits) > 3
        assert max(waits) < 8
        told = "streams clicks: The topic clicks at"
        until(lambda: any(told in each for each in status(expect=1)["problems"]), process.said)
        kafka.start()
        kafka.produce("clicks", ["b"])
        until(lambda: query(published, rows) == [("a",), ("b",)], process.said)
        until(lambda: "streams clicks: all is well again." in process.said(), process.said)
        assert process.said().count("I go on trying") == 1
        assert process.end() == 0


def test_a_store_and_a_till_that_say_nothing_hold_up_no_other_source(
    published: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "good.json").write_text('{"_id": 0}\n', "utf-8")
    landed = "select count(*) from raw_documents.documents where collection = 'good'"
    with silent_server() as port:
        address = f"127.0.0.1:{port}"
        collections = {
            "good": {"url": str(tmp_path / "good"), "files": "*.json"},
            "silent": {"url": f"mongodb://{address}", "database": "a", "collection": "b",
                       "timeout_seconds": 8},
        }  # fmt: skip
        tills = {"quito": {"url": f"postgresql://reader@{address}/till"}}
        sources = {"documents": {"collections": collections}, "pos": {"tills": tills}}
        seconds = {"documents": 1, "pos": 1}
        with (
            declared(tmp_path / "config", sources=sources, follow=seconds),
            follow(tmp_path / "log", "--publish-every", "0") as process,
        ):
            until(lambda: "Following " in process.said(), process.said)
            for number in range(1, 4):
                begun = time.monotonic()
                until(lambda number=number: query(published, landed) == [(number,)], process.said)  # type: ignore[misc]
                assert number == 1 or time.monotonic() - begun < 6, process.said()
                lines = "".join(f'{{"_id": {each}}}\n' for each in range(number + 1))
                (tmp_path / "good" / "good.json").write_text(lines, "utf-8")
            until(lambda: process.said().count("I go on trying") == 2, process.said)
            problems = " ".join(status(expect=1)["problems"])
            assert "documents silent: The collection b of the database a does not" in problems
            assert "pos quito: The till of quito" in problems
            assert "process ended" not in problems
            assert process.end() == 0
    # what was declared here is no longer
    query(published, "drop table raw_documents.good, raw_documents.silent")


def test_orders_of_today_are_in_live_as_they_were_changed_since(published: Warehouse) -> None:
    let_business_dates_end()
    before = live_today(published)
    for branch in ZONES:
        with published.connect(f"till_{branch}") as till:
            numbers = till.execute(
                "select order_id from orders where order_number like 'today-%'"
                " order by ordered_at desc limit 3"
            ).fetchall()
            for (order_id,), change in zip(numbers, CHANGES, strict=True):
                till.execute(change.encode(), [order_id])
            sell(till, 0.005)  # late, as all that comes after the publication
    mypizza("ingest", "pos", expect=None)
    found = live_today(published)
    assert found == {branch: till_today(published, branch) for branch in ZONES}
    assert all(found[branch] != before[branch] for branch in ZONES)
