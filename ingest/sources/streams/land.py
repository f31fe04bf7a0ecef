"""Land messages: chunk after chunk, each of them one load in one transaction.

A chunk's messages, how far they bring each partition, and the load's row in `_dlt_loads` are
committed together or not at all. So a position is never ahead of the rows or behind them, however
a run ends, and the next one goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, Message
from psycopg import sql

from ingest.loads import packages
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.streams.broker import Broker, Extent, Offsets
from ingest.sources.streams.topic import Topic

RAW = "raw_streams"
STATEMENTS = Statements(__file__)
COLUMNS = (
    "stream", "topic", "topic_id", "partition_id", "message_offset", "message_key", "headers",
    "timestamp_ms", "timestamp_type", "value", "value_bytes", "_dlt_load_id",
)  # fmt: skip
TIMESTAMPS = {TIMESTAMP_CREATE_TIME: "create", TIMESTAMP_LOG_APPEND_TIME: "append"}
NULL, BYTES = "\\N", "\\\\x"
"""How Postgres' copy writes nothing, and begins what is bytes."""

CHUNK_BYTES = 32 << 20
DEEPEST = 1000
"""JSON that is nested deeper is no text for Postgres: to read it would break the statement."""


def schema_name(stream: str) -> str:
    """Return what `_dlt_loads` calls a stream's loads."""
    return f"streams_{stream}"


def positions(connection: Connection, stream: str) -> dict[str, Offsets]:
    """Return how far the complete loads of a stream have come, by topic id.

    Args:
        connection: the session's connection.
        stream: the stream.
    """
    with connection.transaction():
        _wait(connection)
        found: dict[str, Offsets] = {}
        for topic_id, number, offset in connection.execute(
            STATEMENTS("positions"), {"stream": stream}
        ):
            found.setdefault(topic_id, {})[number] = offset
    return found


def _wait(connection: Connection) -> None:
    """Wait for a load whose client was killed at its very commit."""
    connection.execute("lock table raw_streams._offsets in share row exclusive mode")


@dataclass
class Landing:
    """Messages of one topic on their way.

    Attributes:
        connection: the session's connection.
        broker: where they come from.
        extent: what there is of the topic.
        position: the offset after the last one that was read, by partition; goes along.
        saved: the position as the warehouse has it.
        lost: the first offset that is there, of partitions that lost messages while we read.
        rows: messages landed.
        load_id: the newest load.
    """

    connection: Connection
    broker: Broker
    extent: Extent
    position: Offsets
    saved: Offsets
    lost: Offsets = field(default_factory=dict)
    rows: int = 0
    load_id: str | None = None

    def run(self) -> None:
        """Land all that there is.

        Raises:
            SourceError: the broker went away; the chunks before have landed.
        """
        batches = self.broker.read(self.position, self.extent.end, self.lost)
        batch: list[Message] | None = []
        while batch is not None:
            batch = next(batches, None)
            # nobody waits for a silent broker with a transaction open
            if batch:
                self._chunk(batch, batches)
        # also where nothing but the markers of transactions came, or a partition is new and empty
        if self.position != self.saved:
            self._chunk([], batches)

    def _chunk(self, batch: list[Message], batches: Iterator[list[Message]]) -> None:
        """Land one chunk, which ends with its size, or where the broker has nothing just now."""
        connection, topic = self.connection, self.broker.topic
        load_id = packages.new_load_id(connection, RAW)
        statement = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(RAW, topic.name), sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        )
        count = size = 0
        with connection.transaction(), connection.cursor() as cursor:
            _wait(connection)
            with cursor.copy(statement) as copy:
                while batch:
                    lines = self._lines(batch, topic, load_id)
                    copy.write(lines)
                    count, size = count + len(batch), size + len(lines)
                    if count >= topic.chunk_messages or size >= CHUNK_BYTES:
                        break
                    batch = next(batches, [])
            cursor.executemany(
                "insert into raw_streams._offsets values (%s, %s, %s, %s, %s)",
                [
                    (topic.name, self.extent.topic_id, number, offset, load_id)
                    for number, offset in self.position.items()
                ],
            )
            packages.complete(connection, RAW, schema_name(topic.name), load_id)
            saved = dict(self.position)
        self.rows, self.load_id, self.saved = self.rows + count, load_id, saved

    def _lines(self, batch: list[Message], topic: Topic, load_id: str) -> bytes:
        """Return messages as the lines of Postgres' copy."""
        names = "\t".join(map(_escaped, (topic.name, topic.topic, self.extent.topic_id)))
        lines = []
        for message in batch:
            value = message.value()
            text, headers = _text(value), message.headers()
            kind, moment = message.timestamp()
            lines.append(
                f"{names}\t{message.partition()}\t{message.offset()}\t{_told(message.key())}\t"
                f"{_escaped(_headers(headers)) if headers else NULL}\t{moment}\t"
                f"{TIMESTAMPS.get(kind, 'none')}\t{NULL if text is None else _escaped(text)}\t"
                f"{NULL if value is None or text is not None else BYTES + value.hex()}\t"
                f"{load_id}\n"
            )
        return "".join(lines).encode()


def _text(value: bytes | None) -> str | None:
    """Return a message as text, or None where it is none that the warehouse could hold."""
    if value is None or b"\0" in value:
        return None
    if len(value) > DEEPEST and _depth(value) > DEEPEST:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _depth(value: bytes) -> int:
    """Return how deep JSON can be nested at most: brackets in its texts count, too."""
    if value.count(b"[") + value.count(b"{") <= DEEPEST:
        return 0
    deepest = depth = 0
    for letter in value:
        depth += (letter in b"[{") - (letter in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _told(value: bytes | str | None) -> str:
    """Return a key as a field of the copy; what is no text as Postgres writes bytes."""
    if value is None:
        return NULL
    value = value.encode() if isinstance(value, str) else value
    text = _text(value)
    return _escaped(f"\\x{value.hex()}" if text is None else text)


def _headers(headers: list[tuple[str, bytes | None]]) -> str:
    return json.dumps(
        [
            [name.replace("\0", ""), None if value is None else _text(value) or f"\\x{value.hex()}"]
            for name, value in headers
        ],
        ensure_ascii=False,
    )


def _escaped(text: str) -> str:
    """Return a text as a field of the copy; most need nothing."""
    for letter, escape in (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        if letter in text:
            text = text.replace(letter, escape)
    return text
