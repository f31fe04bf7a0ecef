"""Part k: a topic that lands, against a bare consumer of it and a COPY of the same rows.

Run as a module of its own it reads the topic once, and prints what that took as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from benchmarks.server import Grid, Part, Ratio, Server, spread
from ingest import warehouse
from ingest.loads import driver
from ingest.sources.streams.broker import READING
from ingest.sources.streams.source import STREAMS
from tests.python.kafka import Kafka

TOPIC, PARTITIONS = "clicks", 3
EVENT = '{{"id": "{0:036}", "type": "basket_add", "branch": "quito", "at": 1451736000000, {1}}}'
FILL = '"page": "/menu/pizza/the_bbq_chickn", "qty":1'
FORGET = "drop schema if exists raw_streams cascade; drop schema if exists bare cascade;"


def topic_load(folder: Path, events: int, repeats: int) -> Part:
    """Part k: land one topic, consume it barely, and copy its rows by psql.

    Args:
        folder: where server and broker may live.
        events: messages of the topic, 155 bytes each.
        repeats: measurements of each, taking turns.

    Returns:
        The ratio of landing to the two others together, and the peak of memory.
    """
    server, kafka = Server(folder), Kafka(folder / "kafka")
    rows, landed = folder / "rows", f"raw_streams.{TOPIC}"
    try:
        kafka.create(TOPIC, PARTITIONS)
        for number in range(PARTITIONS):
            values = [EVENT.format(each, FILL) for each in range(number, events, PARTITIONS)]
            kafka.produce(TOPIC, values, partition=number, key="web")
        (folder / ".dlt" / "config.toml").write_text(
            f'[sources.streams]\nbootstrap_servers = "{kafka.servers}"\n'
            f'[sources.streams.topics.{TOPIC}]\nevent_id = "id"\n'
        )
        found: dict[str, list[dict[str, Any]]] = {"load": [], "consume": [], "copy": []}
        for _ in range(repeats):
            server.psql(script=FORGET)
            found["load"].append(_measured(server, "load"))
            found["consume"].append(_measured(server, "consume", kafka.servers, str(events)))
            server.psql(script=f"\\copy {landed} to '{rows}'")
            server.psql(
                script=f"create schema bare; create table bare.rows (like raw_streams.{TOPIC})"
            )
            started = time.monotonic()
            server.psql(script=f"\\copy bare.rows from '{rows}'")
            found["copy"].append({"seconds": time.monotonic() - started})
            if found["load"][-1]["rows"] != events:
                raise RuntimeError("not all messages landed")
    finally:
        kafka.kill()
        server.stop()
    seconds = {what: [each["seconds"] for each in each_of] for what, each_of in found.items()}
    load, bare = median(seconds["load"]), median(seconds["consume"]) + median(seconds["copy"])
    grid = Grid(
        f"k. A topic of {events:,} messages of {len(EVENT.format(0, FILL))} bytes",
        ("step", "seconds, best / median"),
        [
            ("a bare consumer, which counts", spread(seconds["consume"])),
            ("psql: copy from, into a table of the same columns", spread(seconds["copy"])),
            ("the topic's load, with its two indexes", spread(seconds["load"])),
        ],
        f"Apache Kafka with {PARTITIONS} partitions, on the same machine, taking turns.",
    )
    return Part(
        [
            Ratio("k", "landing a topic / bare consumer + COPY", load / bare, 2, "x",
                  f"{load:.2f} s / {bare:.2f} s, medians of {repeats}"),
            Ratio("k", "peak memory of the loading process",
                  max(each["peak_mb"] for each in found["load"]), 400, "MB",
                  f"VmHWM, the highest of {repeats}"),
        ],
        [grid],
    )  # fmt: skip


def _measured(server: Server, *arguments: str) -> dict[str, Any]:
    measured: dict[str, Any] = json.loads(
        server.python("-m", "benchmarks.streams", *arguments).splitlines()[-1]
    )
    return measured


def _load() -> int:
    with driver.session(warehouse.resolve()) as opened:
        STREAMS.prepare(opened)
        (visit,) = STREAMS.visits(opened)
        result = visit.read()
    if result.error:
        sys.exit(result.error)
    return result.row_count


def _consume(servers: str, events: int) -> int:
    # as ours is set, which is quicker than librdkafka's defaults
    consumer = Consumer({**READING, "bootstrap.servers": servers, "enable.partition.eof": False})
    consumer.assign([TopicPartition(TOPIC, number, 0) for number in range(PARTITIONS)])
    count = 0
    while count < events:
        count += sum(message.error() is None for message in consumer.consume(5_000, 0.1))
    consumer.close()
    return count


if __name__ == "__main__":
    started = time.monotonic()
    count = _load() if sys.argv[1] == "load" else _consume(sys.argv[2], int(sys.argv[3]))
    # ru_maxrss has what started us in it
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(
        json.dumps({"rows": count, "seconds": time.monotonic() - started, "peak_mb": peak}),
    )
