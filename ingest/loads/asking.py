"""Asks parts of sources whether they answer, before anybody holds the warehouse's lock for them.

Each is asked in a thread of its own, and nobody waits for one that says nothing: it is left out,
and read when it has answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from ingest.loads.source import Remote, Session, Source, Visit
from ingest.loads.timed import Timed
from ingest.warehouse import LOADER, Warehouse, WarehouseError

PATIENCE = 1.0
"""So long, in seconds, all others wait for an answer."""

Part = tuple[str, str]
"""A source's name, and that of its part."""


@dataclass
class Asked:
    """A part, and what it has answered.

    Attributes:
        timed: when it is asked again, and what is said of it.
        thread: who asks it.
        problem: one sentence, where it did not answer.
        is_slow: whether its answer came when the others had been read.
    """

    timed: Timed
    thread: threading.Thread | None = None
    problem: str | None = None
    is_slow: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether it has not answered yet."""
        return self.thread is not None and self.thread.is_alive()


@dataclass
class Asking:
    """Who asks.

    Attributes:
        warehouse: where to write down who does not answer.
        say: says a sentence.
    """

    warehouse: Warehouse
    say: Callable[[str], object]
    _parts: dict[Part, Asked] = field(default_factory=dict)

    def silent(self, sources: Sequence[Source]) -> set[Part]:
        """Return the parts of some sources that do not answer, or have not yet.

        Args:
            sources: the sources.

        Raises:
            WarehouseError: the warehouse cannot be reached.
        """
        with self.warehouse.connect(name="mypizza follow", role=LOADER) as connection:
            visits = {
                (source.name, visit.name): visit
                for source in sources
                # what is wrong with all of a source is said when it is read
                for visit in _visits(source, Session(self.warehouse, connection))
                if isinstance(visit, Remote)
            }
        for part, visit in visits.items():
            known = self._parts.setdefault(part, Asked(Timed(" ".join(part), self.say, 0)))
            if known.thread is None and known.timed.is_due:
                self._ask(known, visit)
        deadline = time.monotonic() + PATIENCE
        for part in visits:
            if thread := self._parts[part].thread:
                thread.join(max(0.0, deadline - time.monotonic()))
        return {part for part, visit in visits.items() if self._has_no_answer(part, visit)}

    def _has_no_answer(self, part: Part, visit: Remote) -> bool:
        known = self._parts[part]
        if known.is_silent:
            known.is_slow = True
            return True
        if known.thread:
            known.thread = None
            known.timed.done(known.problem)
            if known.is_slow and not known.problem:  # it has an answer the next time, too
                self._ask(known, visit)
        return known.problem is not None

    def _ask(self, known: Asked, visit: Remote) -> None:
        known.is_slow = False
        # nobody waits for it at the end, either
        known.thread = threading.Thread(target=self._answer, args=(known, visit), daemon=True)
        known.thread.start()

    def _answer(self, known: Asked, visit: Remote) -> None:
        problem = visit.ask()
        if problem:
            with (
                suppress(WarehouseError, psycopg.Error),
                self.warehouse.connect(name="mypizza follow", role=LOADER) as connection,
            ):
                visit.session = Session(self.warehouse, connection, is_following=True)
                problem = visit.read().error or problem  # which writes it down, and fails at once
        known.problem = problem


def _visits(source: Source, session: Session) -> Sequence[Visit]:
    try:
        return source.visits(session)
    except WarehouseError:
        return ()
