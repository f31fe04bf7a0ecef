"""A topic as its broker has it: where it begins and ends, and its messages from a position on.

The consumer only assigns and seeks: it has no group, and its position is the warehouse's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from ingest.loads.configuration import SECRETS_FILE
from ingest.loads.source import SourceError
from ingest.sources.streams.topic import Topic

BATCH = 5_000
Offsets = dict[int, int]
"""Offsets by partition."""

READING = {
    # librdkafka asks for a group, and nothing is ever kept under it
    "group.id": "mypizza", "enable.auto.commit": False, "enable.partition.eof": True,
    "auto.offset.reset": "error", "isolation.level": "read_committed",
    "allow.auto.create.topics": False, "queued.max.messages.kbytes": 32 * 1024,
    # so many wait in memory, of each partition; with the default, a second, we would wait for more
    "queued.min.messages": 20_000, "fetch.queue.backoff.ms": 50,
}  # fmt: skip
REFUSALS = {
    KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED, KafkaError._SSL,
    KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}  # fmt: skip


@dataclass(frozen=True)
class Extent:
    """What there is of a topic at one moment.

    Attributes:
        topic_id: what tells it from one of the same name; its name where the broker has no ids.
        first: the first offset that is still there, by partition.
        end: the offset after the last stable one: what open transactions wrote lies beyond.
    """

    topic_id: str
    first: Offsets
    end: Offsets


class Broker:
    """A connection to the broker of one topic.

    Attributes:
        topic: the topic.
        patience: where others wait for it, how long in seconds it may say nothing when it is read;
            then it is left, and read on the next time.
    """

    def __init__(self, topic: Topic) -> None:
        """Connect, once something is asked.

        Raises:
            SourceError: a setting of `security` is none.
        """
        self.topic = topic
        self.patience: float | None = None
        self._trouble: KafkaError | None = None
        self._has_ids = True
        settings = {
            "bootstrap.servers": topic.bootstrap_servers, "client.id": "mypizza", "log_level": 0,
            "error_cb": self._note,
            **{key.replace("_", "."): it for key, it in topic.security.items()},
        }  # fmt: skip
        try:
            self._consumer = Consumer({**settings, **READING})
            # its requests end in time by themselves
            waiting = {"socket.timeout.ms": int(1000 * topic.timeout_seconds)}
            self._admin = AdminClient({**settings, **waiting})
        except (KafkaException, TypeError, ValueError) as error:
            why = error.args[0].str() if isinstance(error, KafkaException) else str(error)
            raise SourceError(f"security in {topic.section} is not allowed: {why}.") from None

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def extent(self) -> Extent:
        """Ask where the topic begins and ends.

        Raises:
            SourceError: the broker does not answer, refuses, or has no such topic.
        """
        described = self._metadata()
        # librdkafka's mock has no controller, and no ids
        self._has_ids = described.controller_id in described.brokers
        topic_id = self.topic_id()
        try:
            partitions = list(described.topics[self.topic.topic].partitions)
            earliest, latest = OffsetSpec.earliest(), OffsetSpec.latest()
            return Extent(
                topic_id, self._offsets(earliest, partitions), self._offsets(latest, partitions)
            )
        except KafkaException as error:
            raise self.explained(error.args[0]) from None

    def topic_id(self) -> str:
        """Ask what tells the topic from one of the same name.

        Raises:
            SourceError: the broker does not answer, or has no such topic any more.
        """
        if not self._has_ids:
            return self.topic.topic
        try:
            asked = self._admin.describe_topics(
                TopicCollection([self.topic.topic]),
                request_timeout=self.patience or self.topic.timeout_seconds,
            )
            return str(asked[self.topic.topic].result().topic_id)
        except KafkaException as error:
            raise self.explained(error.args[0]) from None

    def _offsets(self, spec: OffsetSpec, partitions: list[int]) -> Offsets:
        """Ask for an offset of some partitions: their first, or the one after their last stable."""
        asked = self._admin.list_offsets(
            {TopicPartition(self.topic.topic, number): spec for number in partitions},
            isolation_level=IsolationLevel.READ_COMMITTED,
        )
        offsets = {place.partition: found.result().offset for place, found in asked.items()}
        if min(offsets.values(), default=0) < 0:  # of a broker that goes away: it has no answer
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
        return offsets

    def read(self, position: Offsets, end: Offsets) -> Iterator[list[Message]]:
        """Read from some offsets up to others.

        Args:
            position: where to begin; goes along with what was read, markers of transactions, too.
            end: where to end.

        Yields:
            Messages, of one partition in their order; none where for a while there was none.

        Raises:
            SourceError: the broker says nothing for too long, or that a message is gone meanwhile.
        """
        name, silence = self.topic.topic, 0.0
        unread = {number for number, offset in position.items() if offset < end[number]}
        self._consumer.assign([TopicPartition(name, each, position[each]) for each in unread])
        while unread:
            asked = time.monotonic()
            batch = self._consumer.consume(BATCH, 0.1)
            silence = 0.0 if batch else silence + time.monotonic() - asked
            wanted = []
            for message in batch:
                number, offset = message.partition(), message.offset()
                if (error := message.error()) is None and offset < end[number]:
                    wanted.append(message)
                    position[number] = offset + 1
                elif error and error.code() != KafkaError._PARTITION_EOF:
                    raise self.explained(error)
                else:  # at the end of the partition the offset is that after the last marker
                    position[number] = min(max(offset, position[number]), end[number])
            for number in [each for each in unread if position[each] == end[each]]:
                unread.discard(number)
                self._consumer.pause([TopicPartition(name, number)])
            yield wanted
            if self.patience and silence > self.patience:
                return
            if silence > self.topic.timeout_seconds:
                raise self.explained(self._trouble)

    def _note(self, error: KafkaError) -> None:
        """Keep what librdkafka says; that it is refused explains all that comes after."""
        if self._trouble is None or self._trouble.code() not in REFUSALS:
            self._trouble = error

    def _metadata(self) -> Any:
        deadline = time.monotonic() + self.topic.timeout_seconds
        while True:
            try:
                described = self._consumer.list_topics(self.topic.topic, timeout=2)
            except KafkaException as error:
                self._consumer.poll(0)  # what was wrong is told here
                trouble = self._trouble or error.args[0]
                if trouble.code() in REFUSALS or time.monotonic() > deadline:
                    raise self.explained(trouble) from None
            else:
                if missing := described.topics[self.topic.topic].error:
                    raise self.explained(missing)
                return described

    def explained(self, error: KafkaError | None) -> SourceError:
        """Return one sentence on why the topic cannot be read, or not on."""
        topic = self.topic
        what = f"The topic {topic.topic} at {topic.bootstrap_servers}"
        why = error.str().rstrip(".") if error else "it says nothing"
        if error and error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return SourceError(
                f"{what} does not exist: correct topic in {topic.section}, or have it made."
            )
        if error and error.code() in REFUSALS:
            return SourceError(
                f"{what} refuses us ({why}): correct security in {topic.section}, and what is "
                f"secret of it in {SECRETS_FILE}; what has landed stays."
            )
        return SourceError(
            f"{what} does not answer ({why}): check that the broker runs, and bootstrap_servers in "
            f"{topic.section}; what has landed stays, and the next run goes on from there."
        )
