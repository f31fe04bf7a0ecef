"""Brokers for the tests: Apache Kafka as it is, and librdkafka's mock, which is always there."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
JARS = CACHE / "mypizza" / "brokers" / "kafka-4.4.0"
needs_kafka = pytest.mark.skipif(
    not (JARS.exists() and shutil.which("java")) and not os.environ.get("CI"),
    reason="Apache Kafka or java is missing: `make brokers`; .ci/run gets both.",
)
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_reader="right";
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
message.max.bytes=20000000
auto.create.topics.enable=false
"""
LOGGING = """
status=warn
appender.f.type=File
appender.f.name=F
appender.f.fileName={folder}/server.log
appender.f.layout.type=PatternLayout
rootLogger.level=warn
rootLogger.appenderRef.f.ref=F
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """What both kinds can do."""

    servers: str
    sasl: str = ""

    def producer(self, **settings: Any) -> Producer:
        """Return a producer."""
        return Producer({
            "bootstrap.servers": self.servers, "log_level": 0, "linger.ms": 5,
            "message.max.bytes": 20_000_000, "queue.buffering.max.messages": 1_000_000, **settings,
        })  # fmt: skip

    def produce(
        self, topic: str, values: Sequence[str | bytes | None], partition: int = 0, **options: Any
    ) -> None:
        """Write messages, and wait until the broker has them."""
        producer = self.producer()
        for value in values:
            producer.produce(topic, value, partition=partition, **options)
        assert producer.flush(30) == 0

    def recount(self, topic: str, partitions: int = 1) -> list[tuple[int, int, bytes | None]]:
        """Read all committed messages of a topic, by a consumer that knows nothing of ours."""
        consumer = Consumer({
            "bootstrap.servers": self.servers, "group.id": str(uuid.uuid4()), "log_level": 0,
            "auto.offset.reset": "earliest", "enable.partition.eof": True,
            "isolation.level": "read_committed",
        })  # fmt: skip
        consumer.assign([TopicPartition(topic, number, -2) for number in range(partitions)])
        found, deadline = [], time.monotonic() + 60
        ended: set[int] = set()
        while len(ended) < partitions:
            assert time.monotonic() < deadline
            for message in consumer.consume(10_000, 0.2):
                if message.error():
                    ended.add(message.partition())
                else:
                    found.append((message.partition(), message.offset(), message.value()))
        consumer.close()
        return sorted(found)


class Mock(Broker):
    """Librdkafka's mock cluster, within this process; a topic is made by whoever writes to it."""

    def __init__(self) -> None:
        self._home = Producer({
            "bootstrap.servers": "x", "test.mock.num.brokers": 1, "log_level": 0
        })  # fmt: skip
        found = self._home.list_topics(timeout=10).brokers.values()
        self.servers = ",".join(f"{each.host}:{each.port}" for each in found)

    def create(self, topic: str, partitions: int = 1) -> None:
        """Make a topic."""
        del partitions
        self.produce(topic, [])
        self.producer().list_topics(topic, timeout=10)


class Kafka(Broker):
    """Apache Kafka, one broker, which can be killed and comes back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ports = {name: free_port() for name in ("plain", "sasl", "controller")}
        self.servers, self.sasl = (f"127.0.0.1:{ports[name]}" for name in ("plain", "sasl"))
        self.admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})
        folder.mkdir(parents=True)
        self._properties = folder / "server.properties"
        self._properties.write_text(PROPERTIES.format(folder=folder, **ports))
        (folder / "log4j2.properties").write_text(LOGGING.format(folder=folder))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        formatting = ["format", "--standalone", "-t", f"a{cluster[1:]}", "-c"]
        subprocess.run(
            [*self._java("kafka.tools.StorageTool"), *formatting, str(self._properties)],
            check=True, capture_output=True,
        )  # fmt: skip
        self.start()

    def _java(self, program: str) -> list[str]:
        return [
            "java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties",
            "-cp", f"{JARS}/*", program,
        ]  # fmt: skip

    def start(self) -> None:
        """Start the broker, and wait until it answers."""
        with (self.folder / "out").open("ab") as out:
            command = [*self._java("kafka.Kafka"), str(self._properties)]
            self.process = subprocess.Popen(command, stdout=out, stderr=out)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.admin.list_topics(timeout=2)
                return
            except KafkaException:
                assert time.monotonic() < deadline, (self.folder / "out").read_text()[-2000:]
                assert self.process.poll() is None, (self.folder / "out").read_text()[-2000:]

    def kill(self) -> None:
        """Take the broker away, as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def create(self, topic: str, partitions: int = 1) -> None:
        """Make a topic."""
        for made in self.admin.create_topics([NewTopic(topic, partitions, 1)]).values():
            made.result()

    def delete(self, topic: str) -> None:
        """Delete a topic."""
        for gone in self.admin.delete_topics([topic], operation_timeout=20).values():
            gone.result()

    def widen(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions."""
        for done in self.admin.create_partitions([NewPartitions(topic, partitions)]).values():
            done.result()

    def forget_before(self, topic: str, offset: int, partition: int = 0) -> None:
        """Delete the oldest messages, as retention does."""
        place = TopicPartition(topic, partition, offset)
        for gone in self.admin.delete_records([place]).values():
            gone.result()


@contextmanager
def run_kafka(folder: Path) -> Iterator[Kafka]:
    broker = Kafka(folder / "kafka")
    try:
        yield broker
    finally:
        broker.kill()
