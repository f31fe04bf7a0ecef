"""From an event to `live`: how long it takes, with builds beside it.

Run as a module of its own on a warehouse whose sample company runs and is published; it prints
figures and changes no file: `python -m benchmarks.follow [events per second] [seconds]`.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from statistics import median, quantiles

from confluent_kafka import Producer

from ingest import warehouse
from ingest.loads import configuration

TOPIC, PARTITIONS, TICKS = "web.shop.v1", 4, 20
SEEN = "select max(last_received_at) from live.web_sessions"
SECTION = "sources.streams.bootstrap_servers"


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
                "sent_at": now, "branch": "quito", "visitor_id": f"{number % 997}",
                "platform": "web", "page": "/menu/pizza",
            }  # fmt: skip
            producer.produce(TOPIC, json.dumps(said), partition=number % PARTITIONS)
        producer.poll(0)
        time.sleep(max(0.0, began + number / rate - time.time()))
    producer.flush(30)


def measure(rate: int, seconds: float) -> list[float]:
    """Return, for each tenth of a second of events, how long they took to be seen in live."""
    home = warehouse.resolve()
    ends, began, found = threading.Event(), time.time(), []
    producing = threading.Thread(target=produce, args=(rate, ends))
    producing.start()
    try:
        with home.connect(name="mypizza benchmark") as connection:
            next_one = began + 0.1
            while next_one < began + seconds:
                if time.time() > began + 3 * seconds:
                    raise RuntimeError("the events are not seen")
                (seen,) = connection.execute(SEEN).fetchone() or (None,)
                now = time.time()
                while seen and next_one <= min(seen.timestamp(), began + seconds):
                    found.append(now - next_one)
                    next_one += 0.1
                time.sleep(0.1)
    finally:
        ends.set()
        producing.join()
    return found


def main() -> None:
    """Follow, with one build after the other, and print how long events took."""
    rate, seconds = (int(each) for each in (*sys.argv[1:], "500", "120")[:2])
    command = [sys.executable, "-m", "ingest.cli", "follow", "--publish-every", "0.01", "--no-docs"]
    following = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(10)
        found = measure(rate, seconds)
    finally:
        following.send_signal(signal.SIGTERM)
        said, _ = following.communicate()
    print(
        f"{rate} events a second for {seconds} s, {said.count('Published ')} publications beside "
        f"it: seen in live after {median(found):.1f} s (median), "
        f"{quantiles(found, n=20)[-1]:.1f} s (95th percentile), {max(found):.1f} s (longest)."
    )


if __name__ == "__main__":
    main()
