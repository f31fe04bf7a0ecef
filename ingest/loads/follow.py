"""Follows the sources: each is read again after its interval, until somebody ends it.

What is append-only lands also while a build runs: a build reads only what had landed when it began.
Each part of it has a thread of its own, so that one whose system does not answer holds up no other.
Everything else is read in one loop, under the warehouse's lock, as `mypizza ingest` reads it, and
between two readings that loop publishes. It asks the parts before it takes the lock, and leaves out
who does not answer.

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
from ingest.loads.asking import Asking
from ingest.loads.configuration import CONFIG_FILE
from ingest.loads.raw_tables import analyze
from ingest.loads.source import Connection, Session, Source, SourceError
from ingest.loads.statements import Statements
from ingest.loads.timed import Timed
from ingest.warehouse import (
    LOADER,
    LOST,
    TURN_KEY,
    BusyError,
    Warehouse,
    WarehouseError,
    lock,
    trouble,
)

STATEMENTS = Statements(__file__)
SECTION = "follow"
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

    def __post_init__(self) -> None:
        """Have asked nobody yet."""
        self._asking = Asking(self.warehouse, self.say)

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
        """Make the tables of what is append-only, as `mypizza ingest` does."""
        with self.warehouse.connect() as connection:
            _be_the_only_one(connection)
        starting = self._timed("The warehouse", 0)
        while not self._stop.is_set():
            try:
                with lock(self.warehouse, "follow", START):
                    for result in driver.run(
                        self.warehouse, self._appending(), following=lambda *_: False
                    ):
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
            silent = self._asking.silent([source for source, _ in due])
            with lock(self.warehouse, "follow"):
                results = driver.run(
                    self.warehouse,
                    [source for source, _ in due],
                    following=lambda source, visit: (source.name, visit.name) not in silent,
                )
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
            if errors or source.name not in {name for name, _ in silent}:
                timed.done(" ".join(errors) or None)
            else:  # nobody knows whether all is well again
                timed.wait(timed.seconds)

    def _land(self) -> None:
        """Say that it runs, and let all parts of what is append-only land, each in a thread."""
        warehouse = self._timed("The warehouse", 0)
        threads: list[threading.Thread] = []
        try:
            while not self._stop.is_set():
                try:
                    with driver.session(self.warehouse, "mypizza follow") as opened:
                        self._begin(opened)
                        warehouse.done()
                        threads = threads or self._threads(opened)
                        self._beat(opened, threads)
                except (WarehouseError, *LOST) as error:
                    warehouse.done(self._told(error))
                    self._rest(warehouse.due)
        except Exception as error:
            self._fail(error)
        finally:
            for thread in threads:
                thread.join()

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

    def _threads(self, opened: Session) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=self._follow, args=(source, visit.name))
            for source in self._appending()
            for visit in source.visits(opened)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _beat(self, opened: Session, threads: Sequence[threading.Thread]) -> None:
        """Say every few seconds that it is alive, and in the end that it has ended."""
        while not self._stop.is_set():
            opened.connection.execute("update audit.following set seen_at = clock_timestamp()")
            record.fold(opened.connection)
            self._stop.wait(BEAT)
        for thread in threads:
            thread.join()
        opened.connection.execute("update audit.following set stopped_at = clock_timestamp()")

    def _follow(self, source: Source, name: str) -> None:
        """Land one part, with a session that is opened anew when it was lost."""
        part = self._timed(f"{source.name} {name}", self.seconds[source.name])
        warehouse = Timed("", _nothing, 0)  # who says that it runs says this, too
        try:
            while not self._stop.is_set():
                try:
                    with self.warehouse.connect(name="mypizza follow", role=LOADER) as connection:
                        opened = Session(self.warehouse, connection, is_following=True)
                        self._batches(opened, source, part, warehouse)
                except (WarehouseError, *LOST) as error:
                    warehouse.done(self._told(error))
                    self._rest(warehouse.due)
        except Exception as error:
            self._fail(error)

    def _batches(self, opened: Session, source: Source, part: Timed, warehouse: Timed) -> None:
        (visit,) = (
            visit for visit in source.visits(opened) if f"{source.name} {visit.name}" == part.name
        )
        while not self._stop.is_set():
            result = visit.read()
            warehouse.done()
            if result.row_count > MANY:
                analyze(opened.connection, source.raw, [result])
            part.done(result.error)
            self._rest(part.due)

    def _fail(self, error: Exception) -> None:
        """End all loops; the error is raised in the one that was called."""
        self._error = error
        self._stop.set()

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
