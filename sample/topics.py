"""The topics of the sample's broker: what is in each, in the order in which the broker has it.

They are kept in web.sqlite. A message that is still under way at the last day's end has no place
yet; it comes with a later day.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Sent = tuple[datetime, dict[str, Any]]
"""When the broker has an event, and the event."""


def stamp(moment: datetime) -> str:
    """Return a moment as events write it: UTC, with milliseconds."""
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


@dataclass(frozen=True)
class Message:
    """A message, and where and when the broker has it.

    Attributes:
        place: among all of the topic.
        partition: of the topic.
        moment: in milliseconds.
        key: of the message, if it has one.
        value: JSON.
    """

    place: int
    partition: int
    moment: int
    key: str | None
    value: str


@dataclass(frozen=True)
class Topic:
    """A topic.

    Attributes:
        name: as the broker calls it.
        table: of web.sqlite, with its messages.
        by: the field of a message by which its partition is chosen.
        is_keyed: whether that is the message's key, too.
        partitions: how many.
    """

    name: str
    table: str
    by: str
    is_keyed: bool = False
    partitions: int = 4

    def add(self, state: sqlite3.Connection, sent: Iterable[Sent]) -> None:
        """Send messages, which the broker does not have yet."""
        state.executemany(
            f"insert into {self.table} (received_at, message) values (?, ?)",  # noqa: S608 - ours
            ((stamp(at), json.dumps(event, ensure_ascii=False)) for at, event in sent),
        )

    def arrive(self, state: sqlite3.Connection, until: datetime) -> int:
        """Let the broker have what was sent until a moment; return how many messages that makes."""
        return state.execute(
            f"update {self.table} set place = known.place + ordered.place from"  # noqa: S608
            f" (select coalesce(max(place), 0) as place from {self.table}) as known,"
            " (select rowid as number, row_number() over (order by received_at, message, rowid)"
            f" as place from {self.table} where place is null and received_at <= ?) as ordered"
            f" where {self.table}.rowid = ordered.number",
            [stamp(until)],
        ).rowcount

    def messages(self, state: sqlite3.Connection, after: int, most: int) -> list[Message]:
        """Return messages in the broker's order.

        Args:
            state: what the sample's systems know.
            after: the place of the last one before.
            most: how many at most.
        """
        rows = state.execute(
            f"select place, received_at, message from {self.table}"  # noqa: S608 - ours
            " where place > ? order by place limit ?",
            [after, most],
        )
        found = []
        for place, received_at, value in rows.fetchall():
            key = json.loads(value)[self.by]
            moment = int(1000 * datetime.fromisoformat(received_at).timestamp())
            partition = zlib.crc32(key.encode()) % self.partitions
            found.append(Message(place, partition, moment, key if self.is_keyed else None, value))
        return found

    def count(self, state: sqlite3.Connection) -> int:
        """Return how many messages the broker has to have."""
        return int(
            state.execute(f"select coalesce(max(place), 0) from {self.table}").fetchone()[0]  # noqa: S608
        )
