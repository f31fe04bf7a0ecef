"""Streams as a source: each topic is visited and read up to where it ended when the run began."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from psycopg import sql
from psycopg.types.json import Jsonb

from ingest.loads import packages, record
from ingest.loads.source import Compared, LoadResult, Session, SourceError, Visit, Window
from ingest.loads.statements import Statements
from ingest.sources.streams import erasure
from ingest.sources.streams import topic as topics
from ingest.sources.streams.broker import Broker, Extent, Offsets
from ingest.sources.streams.land import RAW, Known, land, positions, schema_name
from ingest.sources.streams.topic import Topic
from ingest.warehouse import reason, trouble, turn

STATEMENTS = Statements(__file__)
PATIENCE = 2.0


class StreamSource:
    """All topics."""

    name = "streams"
    raw = RAW
    has_branches = False
    is_append_only = True
    follow_seconds = 1.0

    def tables(self) -> Sequence[str]:
        """Return the raw table that the models read: the streams' own tables are parts of it."""
        return ("messages",)

    def visits(self, session: Session, branches: Sequence[str] | None = None) -> Sequence[Visit]:
        """Return the topics that are configured; one that is declared wrongly says so when read."""
        if branches:
            return ()
        return [TopicVisit(session, name, topic) for name, topic in topics.configured().items()]

    def prepare(self, session: Session) -> None:
        """Make the tables, one for each topic, and write down where its messages say what."""
        connection = session.connection
        packages.prepare(connection, RAW)
        connection.execute(STATEMENTS("tables"))
        for topic in topics.configured().values():
            if isinstance(topic, SourceError):
                continue
            table, stream = sql.Identifier(RAW, topic.name), sql.Literal(topic.name)
            connection.execute(STATEMENTS("stream_table", table=table, stream=stream))
            values = {**topic.model_dump(), "branches": Jsonb(topic.branches)}
            with connection.transaction():
                if connection.execute(STATEMENTS("write_stream"), values).fetchone() == (True,):
                    _redate(session, topic)

    def knows(self, session: Session, branch_id: str, customer_id: str) -> bool:
        """Say whether any message has ever named a customer of a branch."""
        return erasure.knows(session.connection, branch_id, customer_id)

    def erase(self, session: Session) -> int:
        """Erase everyone in audit.erasures from the streams whose messages name customers."""
        connection = session.connection
        streams = erasure.streams_with_customers(connection)
        return sum(erasure.erase(connection, stream) for stream in streams)


STREAMS = StreamSource()


def _redate(session: Session, topic: Topic) -> None:
    """Give all messages of a stream a new load: they are declared to say something else now."""
    load_id = packages.new_load_id(session.connection, RAW)
    session.connection.execute(STATEMENTS("redate"), {"load_id": load_id, "stream": topic.name})
    packages.complete(session.connection, RAW, schema_name(topic.name), load_id)


@dataclass
class TopicVisit:
    """A topic in one run, or what is wrong with its declaration.

    Attributes:
        session: where to.
        name: what we call the topic.
        topic: the topic, or what is wrong with its declaration.
        patience: how long, in seconds, its broker may say nothing while other topics wait for the
            turn; longer after a time in which it had nothing to say.
    """

    session: Session
    name: str
    topic: Topic | SourceError
    branch_id: str | None = None
    patience: float = PATIENCE

    def read(self) -> LoadResult:
        """Land what has come since the last complete load.

        A topic waits for its broker before it takes the turn of all topics. Where loads come again
        and again, it gives the turn back after one chunk of each partition.
        """
        with ExitStack() as stack:
            asked = self._ask(stack)
            stack.enter_context(turn(self.session.connection, STREAMS.name))
            return self._read(asked)

    def compare(self, window: Window) -> Compared:
        """Compare nothing: offsets have gaps, so only reading a topic again would count it."""
        del window
        return Compared(self.name)

    def _read(self, asked: tuple[Broker, Extent] | Exception) -> LoadResult:
        connection = self.session.connection
        known = positions(connection, self.name)
        kind = "incremental" if known.positions else "initial"
        with record.load(connection, "streams", None, kind, {"feed": self.name}) as entry:
            entry.tables[self.name] = {"rows": 0}
            try:
                if isinstance(asked, Exception):
                    raise asked
                self._land(*asked, known, entry)
            except SourceError as error:
                entry.error = " ".join(filter(None, (entry.error, str(error))))
            except Exception as error:  # one topic's trouble stays with that topic
                entry.error = trouble(error) or f"The topic {self.name}: {reason(error)}."
        return entry.result

    def _ask(self, stack: ExitStack) -> tuple[Broker, Extent] | Exception:
        """Return the broker, and what there is of the topic; or why it cannot be read."""
        try:
            if isinstance(self.topic, SourceError):
                return self.topic
            broker = Broker(self.topic)
            stack.callback(broker.close)
            return broker, broker.extent()
        except Exception as error:
            return error

    def _land(self, broker: Broker, extent: Extent, known: Known, entry: record.Entry) -> None:
        topic, saved = broker.topic, known.positions.get(extent.topic_id, {})
        if any(offset > extent.end.get(number, offset) for number, offset in saved.items()):
            extent = broker.extent()  # another process has read on since it was asked
            saved = known.positions.get(extent.topic_id, {})
        position, findings, entry.notes = _begin(topic, extent, known)
        entry.error = " ".join(findings) or None
        wanted, start = extent, dict(position)
        if self.session.is_following:
            broker.patience = self.patience
            wanted = replace(extent, end={
                number: min(end, start[number] + topic.chunk_messages)
                for number, end in extent.end.items()
            })  # fmt: skip
        for load_id, rows in land(self.session.connection, broker, wanted, position, saved):
            entry.load_id, entry.row_count = load_id, entry.row_count + rows
            entry.tables[self.name] = {"rows": entry.row_count}
        is_behind = any(start[each] < end for each, end in wanted.end.items())
        has_waited = is_behind and position == start
        self.patience = min(2 * self.patience, topic.timeout_seconds) if has_waited else PATIENCE
        entry.tables[self.name] |= {"next_offsets": position, "end_offsets": extent.end}


def _begin(
    topic: Topic, extent: Extent, known: Known
) -> tuple[Offsets, list[str], tuple[str, ...]]:
    """Return where to read on, what a person must look at, and what a person should know."""
    position, notes = dict(known.positions.get(extent.topic_id, {})), []
    findings: list[str] = []
    is_another = known.topic is not None and known.topic != topic.topic
    is_renewed = bool(known.positions) and not position and not is_another
    if is_another:
        begin = "where it was left" if position else "its start"
        notes.append(
            f"The stream {topic.name} is another topic now, {topic.topic} and no longer "
            f"{known.topic}: it is read from {begin}, and what the former one brought stays."
        )
    if is_renewed:
        notes.append(
            f"The topic {topic.topic} was made anew (its id is {extent.topic_id} now): it is read "
            "from its start, and what the former one brought stays."
        )
    start: Offsets = {}
    for number, first in sorted(extent.first.items()):
        # before the first load of a topic nothing is ours to lose
        start[number] = position.get(number, 0 if is_renewed or position else first)
        if position and number not in position:
            notes.append(f"The topic {topic.topic} has the partition {number} more.")
        if start[number] < first:
            findings.append(
                f"The topic {topic.topic} has lost the offsets {start[number]:,} to {first - 1:,} "
                f"of its partition {number} before they were read: its retention is shorter than "
                "the time between two runs. What is there is read."
            )
            start[number] = first
        elif start[number] > extent.end[number]:
            findings.append(
                f"The topic {topic.topic} ends at offset {extent.end[number]:,} in the partition "
                f"{number}, and we have read up to {start[number]:,}: its broker has lost "
                "messages, or it was made anew. The partition is not read until it passes that."
            )
    return start, findings, tuple(notes)
