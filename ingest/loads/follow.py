"""Follows the sources: each is read again after its interval, until somebody ends it.

Two loops go beside each other. What is append-only lands in one of them, also while a build runs:
a build reads only what had landed when it began. Everything else is read in the other one, under
the warehouse's lock, as `mypizza ingest` reads it, and between two readings that loop publishes.

What goes wrong is said once, and tried again after pauses that grow to a minute.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from ingest.loads import configuration, driver, record
from ingest.loads.configuration import CONFIG_FILE
from ingest.loads.raw_tables import analyze
from ingest.loads.source import Connection, Session, Source, SourceError, Visit
from ingest.loads.statements import Statements
from ingest.warehouse import LOST, TURN_KEY, BusyError, Warehouse, WarehouseError, lock, trouble

STATEMENTS = Statements(__file__)
SECTION = "follow"
LONGEST_PAUSE = 60.0
BEAT = 5.0
"""So often, in seconds, it says that it is alive, and looks whether a busy warehouse is free; and
somebody looks at what has landed."""

START = 600.0
"""How long the start waits for another command, in seconds."""

MANY = 10_000
"""After so many rows the planner's statistics are refreshed at once."""


def intervals(sources: Sequence[Source]) -> dict[str, float]:
    """Return which sources are followed, each with the seconds between two readings.

    Args:
        sources: all sources.

    Raises:
        SourceError: the configuration names no source, or no number of seconds.
    """
    known = {source.name: source.follow_seconds for source in sources}
    for name in configuration.section(SECTION):
        if name not in known:
            raise SourceError(
                f"[{SECTION}] in {CONFIG_FILE} names {name!r}, which is no source; there is: "
                f"{', '.join(known)}."
            )
    for name in known:
        if (said := configuration.value(f"{SECTION}.{name}")) is not None:
            try:
                known[name] = float(said)
            except (TypeError, ValueError):
                raise SourceError(
                    f"[{SECTION}] in {CONFIG_FILE}: {name} is {said!r}; write the seconds between "
                    "two readings, or 0 to leave the source out."
                ) from None
    return {name: seconds for name, seconds in known.items() if seconds and seconds > 0}


@dataclass
class Timed:
    """What is done again after so many seconds, later where something is wrong with it.

    Attributes:
        name: what it is, as a sentence begins with it.
        say: says a sentence.
        seconds: between two times.
        due: when it is done next, on the clock that never goes back.
        pause: how long it rests after a failure; 0 where all is well.
    """

    name: str
    say: Callable[[str], object]
    seconds: float
    due: float = 0.0
    pause: float = 0.0

    @property
    def is_due(self) -> bool:
        """Whether its time has come."""
        return time.monotonic() >= self.due

    def done(self, problem: str | None = None) -> None:
        """Note how it went: a problem is said when it begins, and when it is over.

        Args:
            problem: one sentence, if there is one.
        """
        if problem and not self.pause:
            self.say(f"{problem} I go on trying.")
        if self.pause and not problem:
            self.say(f"{self.name}: all is well again.")
        self.pause = min(max(1.0, 2 * self.pause), LONGEST_PAUSE) if problem else 0.0
        self.wait(max(self.seconds, self.pause))

    def wait(self, seconds: float) -> None:
        """Let it be due after some seconds."""
        self.due = time.monotonic() + seconds


@dataclass
class Follower:
    """What follows the sources, in a thread of its own and in the one that calls it.

    Attributes:
        warehouse: where to.
        sources: those that are followed.
        seconds: the interval of each, by name.
        say: says a sentence.
        publish: builds and publishes; returns a problem, if there is one.
        publish_seconds: how often; 0 is never.
        watch: looks at what has landed, every few seconds.
    """

    warehouse: Warehouse
    sources: Sequence[Source]
    seconds: dict[str, float]
    say: Callable[[str], object]
    publish: Callable[[], str | None]
    publish_seconds: float
    watch: Callable[[], None]
    _stop: threading.Event = field(default_factory=threading.Event)
    _error: Exception | None = None

    def run(self) -> None:
        """Follow until Ctrl+C or another signal raises `KeyboardInterrupt`.

        Raises:
            WarehouseError: the start has failed, or another process follows already.
        """
        threads = [threading.Thread(target=each) for each in (self._land, self._watch)]
        try:
            self._start()
            for thread in threads:
                thread.start()
            self._read_and_publish()
        except KeyboardInterrupt:
            self._stop.set()
        finally:
            if self._stop.is_set() and not self._error:  # somebody has ended it
                self.say("Ending: what has begun is finished or rolled back.")
            self._stop.set()
            for thread in threads:
                if thread.ident:
                    thread.join()
        if self._error:
            raise self._error

    def stop(self) -> None:
        """Let both loops end with what they are at."""
        self._stop.set()

    def _appending(self) -> list[Source]:
        return [source for source in self.sources if source.is_append_only]

    def _start(self) -> None:
        """Read what is append-only once as `mypizza ingest` does, which makes its tables."""
        with self.warehouse.connect() as connection:
            _be_the_only_one(connection)
        starting = self._timed("The warehouse", 0)
        while not self._stop.is_set():
            try:
                with lock(self.warehouse, "follow", START):
                    for result in driver.run(self.warehouse, self._appending()):
                        if result.error:
                            self.say(result.error)
                starting.done()
                return
            except (WarehouseError, *LOST) as error:
                # what is wrong at once is wrong with the start; a server that goes away comes back
                if isinstance(error, WarehouseError) and not starting.pause:
                    raise
                starting.done(self._told(error))
            self._rest(starting.due)

    def _read_and_publish(self) -> None:
        reading = {
            source.name: (source, self._timed(source.name, self.seconds[source.name]))
            for source in self.sources
            if not source.is_append_only
        }
        publishing = self._timed("The publication", self.publish_seconds)
        while not self._stop.is_set():
            if due := [pair for pair in reading.values() if pair[1].is_due]:
                self._read(due)
            if self.publish_seconds and publishing.is_due:
                publishing.done(self.publish())
            times = [timed.due for _, timed in reading.values()]
            times += [publishing.due] if self.publish_seconds else []
            self._rest(min(times, default=time.monotonic() + BEAT))

    def _read(self, due: Sequence[tuple[Source, Timed]]) -> None:
        """Read some sources under the warehouse's lock; while another holds it, they wait."""
        try:
            with lock(self.warehouse, "follow"):
                results = driver.run(self.warehouse, [source for source, _ in due])
        except BusyError:
            for _, timed in due:
                timed.wait(BEAT)
            return
        except (WarehouseError, *LOST) as error:
            for number, (_, timed) in enumerate(due):
                timed.done(self._told(error))
                timed.say = self.say if number == 0 else _nothing  # one says it for all
            return
        for source, timed in due:
            timed.say = self.say
            errors = [each.error for each in results if each.source == source.name and each.error]
            timed.done(" ".join(errors) or None)

    def _land(self) -> None:
        """Land what is append-only, with a session that is opened anew when it was lost."""
        warehouse = self._timed("The warehouse", 0)
        parts: dict[tuple[str, str], Timed] = {}
        try:
            while not self._stop.is_set():
                try:
                    with driver.session(self.warehouse, "mypizza follow") as opened:
                        self._begin(opened)
                        warehouse.done()
                        self._batches(opened, parts)
                except (WarehouseError, *LOST) as error:
                    warehouse.done(self._told(error))
                    self._rest(warehouse.due)
        except Exception as error:  # ends the other loop, too, and is raised there
            self._error = error
            self._stop.set()

    def _watch(self) -> None:
        """Look at what has landed; where the warehouse is away, landing says so."""
        while not self._stop.wait(BEAT):
            # or a build is changing what is looked at
            with suppress(WarehouseError, psycopg.Error):
                self.watch()

    def _begin(self, opened: Session) -> None:
        """Say that it runs."""
        _be_the_only_one(opened.connection)
        opened.connection.execute(
            STATEMENTS("begin_following"),
            {"process": f"process {os.getpid()} on {os.uname().nodename}"},
        )

    def _batches(self, opened: Session, parts: dict[tuple[str, str], Timed]) -> None:
        visits = [
            (source, visit, parts.setdefault((source.name, visit.name), self._part(source, visit)))
            for source in self._appending()
            for visit in source.visits(opened)
        ]
        beat = self._timed("", BEAT)
        while not self._stop.is_set():
            for source, visit, timed in visits:
                if timed.is_due and not self._stop.is_set():
                    with driver.turn(opened, source):
                        result = visit.read()
                    if result.row_count > MANY:
                        analyze(opened.connection, source.raw, [result])
                    timed.done(result.error)
            if beat.is_due:
                opened.connection.execute("update audit.following set seen_at = clock_timestamp()")
                record.fold(opened.connection)
                beat.done()
            self._rest(min([beat.due, *(timed.due for _, _, timed in visits)]))
        opened.connection.execute("update audit.following set stopped_at = clock_timestamp()")

    def _part(self, source: Source, visit: Visit) -> Timed:
        return self._timed(f"{source.name} {visit.name}", self.seconds[source.name])

    def _timed(self, name: str, seconds: float) -> Timed:
        return Timed(name, self.say, seconds)

    def _told(self, error: BaseException) -> str:
        return (trouble(error) or str(error).strip()).replace(", and run again", "")

    def _rest(self, until: float) -> None:
        self._stop.wait(max(0.0, until - time.monotonic()))


def _be_the_only_one(connection: Connection) -> None:
    """Refuse to follow beside another process, for as long as the session lives."""
    asked = "select pg_try_advisory_lock(%s, hashtext('follow'))"
    if connection.execute(asked, [TURN_KEY]).fetchone() != (True,):
        raise WarehouseError("Another process follows already: mypizza status says which.")


def _nothing(sentence: str) -> None:
    del sentence
