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

REFUSALS = {
    KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED, KafkaError._SSL,
    KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}  # fmt: skip


@dataclass(frozen=True)
class Extent:
    """What there is of a topic at one moment.

    Attributes:
        topic_id: what tells it from one of the same name; empty where the broker has no ids.
        first: the first offset that is still there, by partition.
        end: the offset after the last stable one: what open transactions wrote lies beyond.
    """

    topic_id: str
    first: Offsets
    end: Offsets


class Broker:
    """A connection to the broker of one topic."""

    def __init__(self, topic: Topic) -> None:
        """Connect, once something is asked.

        Raises:
            SourceError: a setting of `security` is none.
        """
        self.topic = topic
        self._trouble: KafkaError | None = None
        settings = {
            "bootstrap.servers": topic.bootstrap_servers,
            "client.id": "mypizza",
            "log_level": 0,
            "error_cb": self._note,
            **topic.settings,
        }
        reading = {
            # librdkafka asks for it, and nothing is ever kept under it
            "group.id": "mypizza",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "queued.max.messages.kbytes": 32 * 1024,
        }
        try:
            self._consumer = Consumer({**settings, **reading})
            self._admin = AdminClient(settings)
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
        name = self.topic.topic
        described = self._metadata()
        try:
            topic_id = ""
            # librdkafka's mock has no controller, and no ids
            if described.controller_id in described.brokers:
                asked = self._admin.describe_topics(
                    TopicCollection([name]), request_timeout=self.topic.timeout_seconds
                )
                topic_id = str(asked[name].result().topic_id)
            partitions = list(described.topics[name].partitions)
            return Extent(
                topic_id,
                self.offsets(OffsetSpec.earliest(), partitions),
                self.offsets(OffsetSpec.latest(), partitions),
            )
        except KafkaException as error:
            raise self.explained(error.args[0]) from None

    def offsets(self, spec: OffsetSpec, partitions: list[int]) -> Offsets:
        """Ask for an offset of some partitions: their first, or the one after their last stable."""
        asked = self._admin.list_offsets(
            {TopicPartition(self.topic.topic, number): spec for number in partitions},
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=self.topic.timeout_seconds,
        )
        return {place.partition: found.result().offset for place, found in asked.items()}

    def read(self, start: Offsets, end: Offsets, lost: dict[int, int]) -> Iterator[list[Message]]:
        """Read from some offsets up to others.

        Args:
            start: where to begin; goes along with what was read, markers of transactions included.
            end: where to end.
            lost: told of each partition whose next messages are gone, with the first that is there.

        Yields:
            Messages, of one partition in their order; none where for a while there was none.

        Raises:
            SourceError: the broker says nothing for too long.
        """
        unread = {number for number, offset in start.items() if offset < end[number]}
        self._consumer.assign([self._place(number, start[number]) for number in unread])
        silence = 0.0
        while unread:
            asked = time.monotonic()
            batch = self._consumer.consume(BATCH, 0.1)
            silence = 0.0 if batch else silence + time.monotonic() - asked
            wanted = []
            for message in batch:
                number = message.partition()
                if number not in unread:
                    continue
                if error := message.error():
                    self._went_on(error, message, start, end, lost)
                elif message.offset() < end[number]:
                    wanted.append(message)
                    start[number] = message.offset() + 1
                else:
                    start[number] = end[number]
                if start[number] >= end[number]:
                    start[number] = max(end[number], lost.get(number, 0))
                    unread.discard(number)
                    self._consumer.pause([TopicPartition(self.topic.topic, number)])
            yield wanted
            if silence > self.topic.timeout_seconds:
                raise self.explained(self._trouble)

    def _went_on(
        self, error: KafkaError, message: Message, start: Offsets, end: Offsets, lost: Offsets
    ) -> None:
        """Deal with what is no message: the end of a partition, and what is gone meanwhile."""
        number = message.partition()
        if error.code() == KafkaError._PARTITION_EOF:
            # markers of transactions take offsets, too, and are no messages
            start[number] = min(max(message.offset(), start[number]), end[number])
        elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            first = self.offsets(OffsetSpec.earliest(), [number])[number]
            if first <= start[number]:
                raise self.explained(error)
            start[number] = lost[number] = first
            if first < end[number]:
                self._consumer.seek(self._place(number, first))
        else:
            raise self.explained(error)

    def _place(self, number: int, offset: int) -> TopicPartition:
        return TopicPartition(self.topic.topic, number, offset)

    def _note(self, error: KafkaError) -> None:
        """Keep what librdkafka says; that it is refused explains all that comes after."""
        if self._trouble is None or self._trouble.code() not in REFUSALS:
            self._trouble = error

    def _metadata(self) -> Any:
        deadline = time.monotonic() + self.topic.timeout_seconds
        while True:
            try:
                described = self._consumer.list_topics(self.topic.topic, timeout=2)
                break
            except KafkaException as error:
                self._consumer.poll(0)  # what was wrong is told here
                trouble = self._trouble
                is_refused = trouble is not None and trouble.code() in REFUSALS
                if is_refused or time.monotonic() > deadline:
                    raise self.explained(trouble or error.args[0]) from None
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
