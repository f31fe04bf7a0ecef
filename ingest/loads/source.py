"""What a source is: the protocol that each one follows, and what it answers with.

A source of a known kind is a declaration; a new kind is a folder in `ingest/sources`. Either way
its one entry in `ingest/sources/registry.py` is all that the rest of the project sees of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, runtime_checkable

import psycopg

from ingest.warehouse import Warehouse, WarehouseError

Connection = psycopg.Connection[tuple[Any, ...]]
Days = Mapping[date, tuple[str, ...]]
"""Business dates, each with the figures that are meant."""


class SourceError(WarehouseError):
    """A source cannot be read; the message says which, why and what to do, in one sentence."""


@dataclass(frozen=True)
class Session:
    """What a command's loads share.

    Attributes:
        warehouse: the warehouse; the command holds its lock.
        connection: a connection to it as loader that commits every statement.
        is_following: whether the loads come again and again, and others wait for each of them: what
            takes long is left for later.
    """

    warehouse: Warehouse
    connection: Connection
    is_following: bool = False


@dataclass(frozen=True)
class LoadResult:
    """What one load did.

    Attributes:
        source: the source, for example "pos".
        branch_id: the branch, where the load was one branch's.
        kind: "initial", "incremental" or "heal".
        row_count: rows landed, all tables together.
        tables: rows landed, by table.
        seconds: wall time.
        outcome: "succeeded" or "failed".
        error: one sentence, where it failed.
        notes: what a person should know although it succeeded, for example new columns.
        can_compare: whether the source can be compared although the load failed.
    """

    source: str
    branch_id: str | None
    kind: str
    row_count: int
    tables: dict[str, int]
    seconds: float
    outcome: str
    error: str | None = None
    notes: tuple[str, ...] = ()
    can_compare: bool = False


@dataclass(frozen=True)
class Window:
    """The days that are compared.

    Attributes:
        first: the first business date; None lets the source choose.
        last: the last business date; None is open.
        everything: all days there are.
        accept_loss: accept a source however much it has lost.
    """

    first: date | None = None
    last: date | None = None
    everything: bool = False
    accept_loss: bool = False


@dataclass(frozen=True)
class Compared:
    """How a source and the raw layer compare.

    Attributes:
        name: what was compared, for example a branch.
        days: business dates compared.
        healed: days that differed and are equal now.
        differing: closed days that still differ, with the figures that do.
        loads: the loads that the healing took.
        seconds: wall time.
        problem: one sentence on what a person must look at.
    """

    name: str
    days: int = 0
    healed: tuple[date, ...] = ()
    differing: Days = field(default_factory=dict)
    loads: tuple[LoadResult, ...] = ()
    seconds: float = 0.0
    problem: str | None = None


class Visit(Protocol):
    """One part of a source (a till, a feed, an API) in one run: read it, then compare it."""

    @property
    def name(self) -> str:
        """What is visited, for example a branch or a feed."""

    @property
    def branch_id(self) -> str | None:
        """The branch, where all of it is one branch's."""

    def read(self) -> LoadResult:
        """Load what is new, and record it in audit.loads; trouble is the result's `error`."""

    def compare(self, window: Window) -> Compared:
        """Compare with the raw layer, heal what differs, and record both."""


@runtime_checkable
class Remote(Visit, Protocol):
    """A visit to what may not answer: it can be asked before anybody holds a lock for it."""

    session: Session

    def ask(self) -> str | None:
        """Ask whether its system answers, which may take as long as its timeout.

        Returns:
            One sentence where it does not; `read` then fails with it at once.
        """


class Source(Protocol):
    """A source system.

    A run calls `visits`, then `prepare`, reads each visit, calls `prepare` again for what is new,
    and compares each visit. So `visits` cannot rely on tables of its own.
    """

    @property
    def name(self) -> str:
        """The name by which audit.loads and the command line call it."""

    @property
    def raw(self) -> str:
        """The raw schema."""

    @property
    def has_branches(self) -> bool:
        """Whether parts of it can be loaded by branch."""

    @property
    def is_append_only(self) -> bool:
        """Whether its rows are never changed by a load: it may land while a build runs."""

    @property
    def follow_seconds(self) -> float | None:
        """How often `mypizza follow` reads it; None where it does not, unless it is told to."""

    def tables(self) -> Sequence[str]:
        """Return the raw tables that the models read."""

    def visits(self, session: Session, branches: Sequence[str] | None = None) -> Sequence[Visit]:
        """Return what is configured, ready to be visited.

        Args:
            session: where to.
            branches: only what is of these, which may be nothing; default all.

        Raises:
            SourceError: the configuration is wrong.
        """

    def prepare(self, session: Session) -> None:
        """Make what the models and the loads need: tables and indexes; quick when all is there."""

    def knows(self, session: Session, branch_id: str, customer_id: str) -> bool:
        """Say whether a customer of a branch has ever come in from this source."""

    def erase(self, session: Session) -> int:
        """Erase everyone in audit.erasures from the raw rows; return how many changed."""
