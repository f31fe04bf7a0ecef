"""Land messages: chunk after chunk, each of them one load in one transaction.

A chunk's messages, how far they bring each partition, and the load's row in `_dlt_loads` are
committed together or not at all. So a position is never ahead of the rows or behind them, however
a run ends, and the next one goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, Message
from psycopg import sql
from psycopg.copy import QueuedLibpqWriter

from ingest.loads import packages
from ingest.loads.raw_tables import exists
from ingest.loads.source import Connection, SourceError
from ingest.loads.statements import Statements
from ingest.sources.streams.broker import Broker, Extent, Offsets

RAW = "raw_streams"
STATEMENTS = Statements(__file__)
TIMESTAMPS = {TIMESTAMP_CREATE_TIME: "create", TIMESTAMP_LOG_APPEND_TIME: "append"}
NULL, BYTES = "\\N", "\\\\x"
"""How Postgres' copy writes nothing, and begins what is bytes."""

CHUNK_BYTES = 32 << 20
DEEPEST = 1000
"""JSON that is nested deeper is no text for Postgres: to read it would break the statement."""


def schema_name(stream: str) -> str:
    """Return what `_dlt_loads` calls a stream's loads."""
    return f"streams_{stream}"


@dataclass
class Known:
    """How far the complete loads of a stream have come.

    Attributes:
        positions: by topic id, also of topics that were read before this one.
        topic: what the broker calls the topic that was read last; None before the first load.
    """

    positions: dict[str, Offsets]
    topic: str | None


def positions(connection: Connection, stream: str) -> Known:
    """Return how far the complete loads of a stream have come.

    Args:
        connection: the session's connection.
        stream: the stream.
    """
    found: dict[str, Offsets] = {}
    with connection.transaction():
        _wait(connection)
        rows = connection.execute(STATEMENTS("positions"), {"stream": stream}).fetchall()
    for topic_id, number, offset, *_ in rows:
        found.setdefault(topic_id, {})[number] = offset
    newest = max(rows, key=lambda row: row[4], default=(None,) * 5)
    return Known(found, newest[3])


def _wait(connection: Connection) -> None:
    """Wait for a load whose client was killed at its very commit."""
    connection.execute("lock table raw_streams._offsets in share row exclusive mode")


def land(
    connection: Connection, broker: Broker, extent: Extent, position: Offsets, saved: Offsets
) -> Iterator[tuple[str, int]]:
    """Land all that there is.

    Args:
        connection: the session's connection.
        broker: where the messages come from.
        extent: what there is of the topic.
        position: where to begin; goes along.
        saved: the position as the warehouse has it.

    Yields:
        Each load, with its number of messages.

    Raises:
        SourceError: the broker went away, or the topic was made anew; the chunks before have
            landed.
    """
    batches = broker.read(position, extent.end)
    for batch in batches:
        if batch:  # nobody waits for a silent broker with a transaction open
            yield _chunk(connection, broker, extent, batch, batches, position)
            saved = dict(position)
    # also where nothing but the markers of transactions came, or a partition is new and empty
    if position != saved:
        yield _chunk(connection, broker, extent, [], batches, position)


def _chunk(
    connection: Connection, broker: Broker, extent: Extent, batch: list[Message],
    batches: Iterator[list[Message]], position: Offsets,
) -> tuple[str, int]:  # fmt: skip
    """Land one chunk, which ends with its size, or where the broker has nothing just now."""
    topic = broker.topic
    load_id = packages.new_load_id(connection, RAW)
    constants = "\t".join(map(_escaped, (topic.name, topic.topic, extent.topic_id, load_id)))
    count = size = 0
    with connection.transaction(), connection.cursor() as cursor:
        _wait(connection)
        statement = STATEMENTS("copy", table=sql.Identifier(RAW, topic.name))
        # the warehouse writes while we read on
        with cursor.copy(statement, writer=QueuedLibpqWriter(cursor)) as copy:
            while batch:
                copy.write(lines := _lines(batch, constants))
                count, size = count + len(batch), size + len(lines)
                is_full = count >= topic.chunk_messages or size >= CHUNK_BYTES
                batch = [] if is_full else next(batches, [])
        # one that is made anew meanwhile has the same name, and other messages
        if broker.topic_id() != extent.topic_id:
            raise SourceError(
                f"The topic {topic.topic} was made anew while it was read: what has landed stays, "
                "and the next run reads the new one from its start."
            )
        cursor.executemany(
            "insert into raw_streams._offsets"
            " (stream, topic_id, partition_id, next_offset, _dlt_load_id, topic)"
            " values (%s, %s, %s, %s, %s, %s)",
            [
                (topic.name, extent.topic_id, *place, load_id, topic.topic)
                for place in position.items()
            ],
        )
        packages.complete(connection, RAW, schema_name(topic.name), load_id)
        if exists(connection, "audit.pinned_loads"):
            names = {"stream": topic.name, "schema_name": schema_name(topic.name)}
            connection.execute(STATEMENTS("fold"), {**names, "load_id": load_id})
    return load_id, count


def _lines(batch: list[Message], constants: str) -> bytes:
    """Return messages as lines of Postgres' copy."""
    values: list[Any] = [message.value() for message in batch]
    keys: list[Any] = [message.key() for message in batch]
    lines = []
    for message, key, value, text in zip(
        batch, _fields(keys, _shown), values, _fields(values, _text), strict=True
    ):
        kind, moment = message.timestamp()
        pairs = _escaped(_pairs(headers)) if (headers := message.headers()) else NULL
        rest = BYTES + value.hex() if text == NULL and value is not None else NULL
        lines.append(
            f"{constants}\t{message.partition()}\t{message.offset()}\t{key}\t{pairs}\t{moment}\t"
            f"{TIMESTAMPS.get(kind, 'none')}\t{text}\t{rest}\n"
        )
    return "".join(lines).encode()


def _fields(values: list[bytes | None], shown: Callable[[bytes | None], str | None]) -> list[str]:
    """Return keys or values as fields of the copy.

    They are decoded and escaped all at once if they allow it: one by one that takes longer than
    all else that is done to a message here.
    """
    known = [value for value in values if value is not None]
    together = b"\0".join(known)
    if len(known) == len(values) == together.count(b"\0") + 1 and max(map(len, known)) <= DEEPEST:
        with suppress(UnicodeDecodeError):
            return _escaped(together.decode()).split("\0")
    return [_escaped(shown(value)) for value in values]


def _text(value: bytes | None) -> str | None:
    """Return a message as text, or None where it is none that the warehouse could hold."""
    if value is None or b"\0" in value or (len(value) > DEEPEST and _is_deep(value)):
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _is_deep(value: bytes) -> bool:
    """Say whether JSON may be nested too deep: brackets in its texts count, too."""
    depth = 0
    for letter in value if value.count(b"[") + value.count(b"{") > DEEPEST else b"":
        depth += (letter in b"[{") - (letter in b"]}")
        if depth > DEEPEST:
            return True
    return False


def _shown(value: bytes | None) -> str | None:
    """Return a key or a header's value; what is no text as Postgres writes bytes."""
    text = _text(value)
    return text if text is not None or value is None else f"\\x{value.hex()}"


def _pairs(headers: list[tuple[str, bytes | None]]) -> str:
    pairs = [(name.replace("\0", ""), _shown(value)) for name, value in headers]
    return json.dumps(pairs, ensure_ascii=False)


def _escaped(text: str | None) -> str:
    """Return a text as a field of the copy; most need nothing."""
    if text is None:
        return NULL
    for letter, escape in (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(letter, escape) if letter in text else text
    return text
