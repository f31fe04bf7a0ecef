"""Part l: from an event to `live` and to the published marts, with builds beside it.

Run as a module of its own on a warehouse whose sample company runs and is published, it changes no
file and prints JSON: `python -m benchmarks.follow [events per second] [seconds]`.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg
from confluent_kafka import Producer

from benchmarks.server import Grid, Part, Ratio, Server
from ingest import warehouse
from ingest.loads import configuration

TOPIC, PARTITIONS, TICKS, RATE, MINUTES = "web.shop.v1", 4, 20, 500, "0.5"
LIVE = """
    select max(last_received_at),
        exists (select 1 from pg_stat_activity where application_name = 'mypizza dbt')
    from live.web_sessions
"""
MARTS = "select max(received_at), false from marts.fct_web_events"
SECTION = "sources.streams.bootstrap_servers"
HEAD_START = 10
"""So many seconds follow has for its start, before events come."""


def followed(folder: Path, seconds: int) -> Part:
    """Part l: follow the sample company, whose web shop has 500 events a second.

    Args:
        folder: where the server may live.
        seconds: how long events come.

    Returns:
        How long an event takes to be seen in live while a build runs, and in the marts.
    """
    server = Server(folder / "follow")
    server.sample("start")
    server.mypizza("run", "--no-docs")
    arguments = ("-m", "benchmarks.follow", str(RATE), str(seconds))
    found = json.loads(server.python(*arguments).splitlines()[-1])
    server.stop()
    rows = [
        (name, *(f"{_short(times)[each]:.1f}" for each in ("median", "p95", "longest")))
        for name, times in (
            ("in live, while a build runs", found["beside"]),
            ("in live, all", found["live"]),
            ("in the marts", found["marts"]),
        )
    ]
    grid = Grid(
        f"l. From an event to where it is seen, {RATE} events a second for {seconds} s",
        ("seen", "median, seconds", "95th percentile", "longest"),
        rows,
        f"`mypizza follow --publish-every {MINUTES}` on the sample company, with "
        f"{found['publications']} publications in that time; somebody looks every half second. "
        f"One look at `live.web_sessions` takes {1000 * median(found['looks']):.0f} ms (median), "
        f"{1000 * max(found['looks']):.0f} ms (longest).",
    )
    basis = f"{RATE} events a second for {seconds} s"
    return Part(
        [
            Ratio("l", "from an event to live, a build beside it, 95th percentile",
                  _short(found["beside"])["p95"], 10, "s", basis),
            Ratio("l", f"from an event to the marts, --publish-every {MINUTES}, the longest",
                  _short(found["marts"])["longest"], 180, "s", basis),
        ],
        [grid],
    )  # fmt: skip


def _short(times: list[float]) -> dict[str, float]:
    return {"median": median(times), "p95": quantiles(times, n=20)[-1], "longest": max(times)}


def produce(rate: int, ends: threading.Event) -> None:
    """Send so many events of the web shop a second, until somebody ends it."""
    settings = {"bootstrap.servers": configuration.value(SECTION), "linger.ms": 5}
    producer, number, began = Producer(settings), 0, time.time()
    while not ends.is_set():
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        for _ in range(rate // TICKS):
            number += 1
            said = {
                "event_id": f"{began}-{number}", "event": "page_view", "occurred_at": now,
                "sent_at": now, "branch": "quito", "visitor_id": f"{number // 20 % 10_000}",
                "platform": "web", "page": "/menu/pizza",
            }  # fmt: skip
            producer.produce(TOPIC, json.dumps(said), partition=number % PARTITIONS)
        producer.poll(0)
        time.sleep(max(0.0, began + number / rate - time.time()))
    producer.flush(30)


class Watch:
    """Somebody who looks again and again at the newest event, and notes how old each one is.

    Attributes:
        found: for each tenth of a second of events, how long they took to be seen.
        beside: those of them that were seen while a build ran.
        looks: how long each look took.
    """

    def __init__(self, query: str, began: float) -> None:
        """Look for the first time.

        Args:
            query: asks for the newest event's time, and whether a build runs.
            began: when the events began.
        """
        self.query, self.next = query, began + 0.1
        self.found: list[float] = []
        self.beside: list[float] = []
        self.looks: list[float] = []

    def look(self, connection: psycopg.Connection[Any], last: float) -> None:
        """Look once; events after the last one are not counted."""
        started = time.time()
        ((seen, is_beside),) = connection.execute(self.query.encode()).fetchall()
        now = time.time()
        self.looks.append(now - started)
        while seen and self.next <= min(seen.timestamp(), last):
            self.found.append(now - self.next)
            self.beside += [now - self.next] if is_beside else []
            self.next += 0.1


def measure(rate: int, seconds: float) -> tuple[Watch, Watch]:
    """Look at live and at the marts while events come, until the last one is in both."""
    ends, began = threading.Event(), time.time()
    producing = threading.Thread(target=produce, args=(rate, ends))
    live, marts = Watch(LIVE, began), Watch(MARTS, began)
    last = began + seconds
    producing.start()
    try:
        with warehouse.resolve().connect(name="mypizza benchmark") as connection:
            while marts.next < last or live.next < last:
                if time.time() > last + 600:
                    raise RuntimeError("the events are not seen")
                live.look(connection, last)
                marts.look(connection, last)
                time.sleep(0.5)
    finally:
        ends.set()
        producing.join()
    return live, marts


def main() -> None:
    """Follow, publishing every half minute, and print how long events took."""
    rate, seconds = (int(each) for each in (*sys.argv[1:], str(RATE), "240")[:2])
    command = [sys.executable, "-m", "ingest.cli", "follow", "--publish-every", MINUTES]
    following = subprocess.Popen([*command, "--no-docs"], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(HEAD_START)
        live, marts = measure(rate, seconds)
    finally:
        following.send_signal(signal.SIGTERM)
        said, _ = following.communicate()
    print(
        json.dumps({
            "live": live.found, "beside": live.beside, "marts": marts.found, "looks": live.looks,
            "publications": said.count("Published "),
        })
    )  # fmt: skip


if __name__ == "__main__":
    main()
