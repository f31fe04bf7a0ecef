"""The sample's web APIs and its broker as a process of their own, which outlives the command.

The broker is librdkafka's mock, which forgets everything when it ends: each start fills it again,
in the same order.

It holds a lock for as long as it lives, so whether it runs is never a guess about a number; its
port, keys and number are in a file beside the lock, which the next start takes them from.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import fasteners
from confluent_kafka import Producer

from ingest import warehouse as warehouse_module
from ingest.warehouse import WarehouseError
from sample import guests, sensors, shop
from sample.web import Server, access

TOPICS = (shop.TOPIC, sensors.TOPIC)

SECONDS = 60
"""How long a start or a stop may take."""


@dataclass(frozen=True)
class Running:
    """The process, what opens its APIs, and where its broker is."""

    pid: int
    port: int
    api_key: str
    client_secret: str
    bootstrap_servers: str = ""

    def access(self, source: str) -> dict[str, str]:
        """Return an API's address and what opens it, by the names of the configuration.

        Args:
            source: "social" or "tickets".
        """
        server = f"http://127.0.0.1:{self.port}"
        url, opened_by = access(source, server, self.api_key, self.client_secret)
        return {"url": url, **opened_by}


def _folder() -> Path:
    return warehouse_module.warehouse_dir() / "sample"


def _file() -> Path:
    return _folder() / "web.json"


def _progress() -> Path:
    return _folder() / "broker.sent"


def _lock() -> fasteners.InterProcessLock:
    return fasteners.InterProcessLock(str(_folder() / "web.lock"))


def _recorded() -> Running | None:
    return Running(**json.loads(_file().read_text())) if _file().exists() else None


def running() -> Running | None:
    """Return the process that runs, or None."""
    if not (_folder() / "web.lock").exists():
        return None
    lock = _lock()
    if lock.acquire(blocking=False):
        lock.release()
        return None
    return _recorded()


def start() -> Running:
    """Start the process, unless it runs.

    Raises:
        WarehouseError: it does not start; the message names its log.
    """
    if found := running():
        return found
    log = _folder() / "web.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sample.background"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=warehouse_module.PROJECT_DIR,
            env=os.environ | {"MYPIZZA_WAREHOUSE_DIR": str(warehouse_module.warehouse_dir())},
            start_new_session=True,
        )
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        found = running()
        if found and found.pid == process.pid:
            return found
        time.sleep(0.02)
    raise WarehouseError(f"The sample's web APIs do not start; their log is {log}.")


def wait_for_events() -> None:
    """Wait until the broker, if it runs, has all events.

    Raises:
        WarehouseError: it does not get them; the message names its log.
    """
    if not (found := running()):
        return
    with closing(guests.open_state(guests.file())) as state:
        counts = [topic.count(state) for topic in TOPICS]
    wanted = " ".join(str(number) for number in (found.pid, *counts))
    deadline = time.monotonic() + SECONDS
    while not _progress().exists() or _progress().read_text() != wanted:
        if time.monotonic() > deadline:
            log = _folder() / "web.log"
            raise WarehouseError(f"The sample's broker does not get its events; see {log}.")
        time.sleep(0.02)


def stop() -> bool:
    """Stop the process, and say whether it was running."""
    found = running()
    if found is None:
        return False
    os.kill(found.pid, signal.SIGTERM)
    if not _lock().acquire(timeout=SECONDS):
        raise WarehouseError(f"The sample's web APIs do not end: process {found.pid}.")
    return True


def _serve() -> None:
    """Answer until SIGTERM, or until the warehouse's folder is gone."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    before = _recorded()
    with _lock():
        try:
            server = _server(before, before.port if before else 0)
        except OSError:  # another program has taken the port
            server = _server(before, 0)
        with server:
            broker = Broker()
            state = Running(
                os.getpid(), server.port, server.api_key, server.client_secret, broker.servers
            )
            beside = _file().with_suffix(".new")
            beside.touch(mode=0o600)
            beside.write_text(json.dumps(asdict(state)))
            beside.replace(_file())
            while not ended.wait(0.1) and _file().exists():
                broker.catch_up()


class Broker:
    """The broker, with the topics of shop and sensors."""

    def __init__(self) -> None:
        """Start it, empty."""
        # librdkafka's mock keeps 5 MB of each partition: compressed, that is months
        self._home = Producer({
            "bootstrap.servers": "x", "test.mock.num.brokers": 1, "log_level": 0, "linger.ms": 5,
            "compression.type": "zstd",
        })  # fmt: skip
        found = self._home.list_topics(timeout=10).brokers.values()
        self.servers = ",".join(f"{each.host}:{each.port}" for each in found)
        self._sent = dict.fromkeys(TOPICS, -1)
        with closing(guests.open_state(guests.file())) as state:
            state.executescript((guests.FOLDER / "web.sql").read_text(encoding="utf-8"))

    def catch_up(self) -> None:
        """Send what the systems have and the broker has not, and say how far it has come."""
        with closing(guests.open_state(guests.file())) as state:
            for topic in TOPICS:
                newest = topic.count(state)
                while self._sent[topic] < newest:
                    # a topic without messages is made by asking for it
                    self._home.list_topics(topic.name, timeout=10)
                    for message in topic.messages(state, self._sent[topic], 5_000):
                        self._home.produce(
                            topic.name, message.value, message.key,
                            partition=message.partition, timestamp=message.moment,
                        )  # fmt: skip
                        self._sent[topic] = message.place
                    self._home.flush(10)
                    self._sent[topic] = max(self._sent[topic], 0)
        beside = _progress().with_suffix(".new")
        said = " ".join(str(number) for number in (os.getpid(), *self._sent.values()))
        if not _progress().exists() or _progress().read_text() != said:
            beside.write_text(said)
            beside.replace(_progress())


def _server(before: Running | None, port: int) -> Server:
    """Return a server with the keys of the one before, where there was one."""
    if before is None:
        return Server(port=port)
    return Server(port=port, api_key=before.api_key, client_secret=before.client_secret)


if __name__ == "__main__":
    _serve()
