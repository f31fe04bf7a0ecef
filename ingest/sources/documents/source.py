"""Document stores as a source: each collection is visited, read on, and compared by its ids."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from ingest.loads import packages, raw_tables, record
from ingest.loads.source import Compared, LoadResult, Session, SourceError, Visit, Window
from ingest.loads.statements import Statements
from ingest.sources.documents import collection as collections
from ingest.sources.documents.collection import Collection
from ingest.sources.documents.dump import Dumps
from ingest.sources.documents.land import RAW, Landing, schema_name
from ingest.sources.documents.store import Store
from ingest.sources.documents.text import Document, text_of, value_of
from ingest.warehouse import reason, trouble

STATEMENTS = Statements(__file__)
LARGEST_LOSS = 0.2
"""The share of a collection that may go at once; more is treated as an accident."""

SMALL_LOSS = 10
"""This many documents may always go, because a share of few means little."""

COMPARED: dict[str, float] = {}
"""When this process has compared the ids of a collection, on the clock that never goes back."""


class DocumentSource:
    """All collections."""

    name = "documents"
    raw = RAW
    has_branches = False
    is_append_only = False
    follow_seconds = 30.0

    def tables(self) -> Sequence[str]:
        """Return the raw table that the models read: the collections' own are parts of it."""
        return ("documents",)

    def visits(self, session: Session, branches: Sequence[str] | None = None) -> Sequence[Visit]:
        """Return the collections that are configured; one declared wrongly says so when read."""
        if branches:
            return ()
        found = collections.configured()
        return [CollectionVisit(session, name, declared) for name, declared in found.items()]

    def prepare(self, session: Session) -> None:
        """Make the tables, one for each collection, and write down where its documents say what."""
        connection = session.connection
        packages.prepare(connection, RAW)
        connection.execute(STATEMENTS("tables"))
        for declared in collections.configured().values():
            if isinstance(declared, SourceError):
                continue
            table, name = sql.Identifier(RAW, declared.name), sql.Literal(declared.name)
            connection.execute(STATEMENTS("collection_table", table=table, collection=name))
            values = {**declared.model_dump(), "branches": Jsonb(declared.branches)}
            values.pop("password")
            with connection.transaction():
                if connection.execute(STATEMENTS("write_collection"), values).fetchone() == (True,):
                    _redate(session, declared.name)

    def knows(self, session: Session, branch_id: str, customer_id: str) -> bool:
        """Say no: a document names the customers of tills."""
        del session, branch_id, customer_id
        return False

    def erase(self, session: Session) -> int:
        """Erase who is in audit.erasures from the documents that name them."""
        connection, changed = session.connection, 0
        if not raw_tables.exists(connection, f"{RAW}._collections"):
            return 0
        with connection.transaction():
            for name, key, text, personal in connection.execute(STATEMENTS("of_erased")).fetchall():
                document = _readable(text)
                kept = {field: it for field, it in document.items() if field not in personal}
                if len(kept) == len(document):
                    continue
                load_id, changed = packages.new_load_id(connection, RAW), changed + 1
                values = {"collection": name, "document_id": key, "load_id": load_id}
                connection.execute(
                    STATEMENTS("write_erased"), {**values, "document": text_of(kept)}
                )
                packages.complete(connection, RAW, schema_name(name), load_id)
        return changed


DOCUMENTS = DocumentSource()


def _readable(text: str) -> dict[str, Any]:
    """Return a landed document; one with a value that its type cannot have, as it is written."""
    try:
        return dict(value_of(text))
    except ValueError:
        return dict(json.loads(text))


def _redate(session: Session, name: str) -> None:
    """Give all documents of a collection a new load: they are declared to say something else."""
    load_id = packages.new_load_id(session.connection, RAW)
    session.connection.execute(STATEMENTS("redate"), {"load_id": load_id, "collection": name})
    packages.complete(session.connection, RAW, schema_name(name), load_id)


class CollectionVisit:
    """A collection in one run, or what is wrong with its declaration."""

    branch_id: str | None = None

    def __init__(self, session: Session, name: str, declared: Collection | SourceError) -> None:
        """Be ready to be read.

        Args:
            session: where to.
            name: what we call the collection.
            declared: the collection, or what is wrong with its declaration.
        """
        self.session, self.name, self.declared = session, name, declared
        # all of the collection was seen: so what is not there is gone
        self._whole: Landing | None = None
        self._dump: str | None = None

    def ask(self) -> str | None:
        """Ask whether the store or the folder answers."""
        failed = record.Entry("", "documents", None, "incremental")
        with self._told(failed):
            if isinstance(self.declared, Collection):
                with closing(_opened(self.declared)) as opened:
                    opened.check()
        if failed.error:
            self.declared = SourceError(failed.error)
        return failed.error

    def read(self) -> LoadResult:
        """Land what has come since the last complete load."""
        connection = self.session.connection
        known = packages.last_complete(connection, RAW, schema_name(self.name))
        kind = "incremental" if known else "initial"
        with record.load(connection, "documents", None, kind, {"feed": self.name}) as entry:
            entry.tables[self.name] = {"rows": 0}
            with self._told(entry):
                declared = self._declared()
                landing = Landing(connection, declared)
                for changed in self._changes(declared, landing):
                    self._count(entry, landing, changed)
        return entry.result

    def compare(self, window: Window) -> Compared:
        """Compare the ids: what was missed is fetched, and what is gone is marked as deleted."""
        failed = record.Entry("", "documents", None, "heal")
        loads: tuple[LoadResult, ...] = ()
        with self._told(failed):
            declared = self._declared()
            if self._was_compared(declared):
                return Compared(self.name)
            with closing(_opened(declared)) as opened:
                if self._whole is None and isinstance(opened, Store) and declared.updated_at:
                    opened.check()
                    landing = Landing(self.session.connection, declared)
                    landing.see(opened.ids())
                    loads = self._heal(landing, opened, window, failed)
                else:
                    if self._whole is None and window.accept_loss:
                        loads = (self.read(),)
                    if self._whole:
                        loads += self._heal(self._whole, None, window, failed)
                    if self._dump and self._whole and not failed.error:
                        self._whole.write_position({"dump": self._dump})
        if not failed.error:
            COMPARED[self.name] = time.monotonic()
        return Compared(self.name, loads=loads, problem=failed.error)

    def _was_compared(self, declared: Collection) -> bool:
        """Whether the ids need not be compared yet: what has changed is found without that."""
        is_read_by_changes = declared.is_live and declared.updated_at
        if not (self.session.is_following and is_read_by_changes and self.name in COMPARED):
            return False
        return time.monotonic() - COMPARED[self.name] < declared.compare_seconds

    def _heal(
        self, landing: Landing, store: Store | None, window: Window, failed: record.Entry
    ) -> tuple[LoadResult, ...]:
        """Fetch what differs, mark what is gone, or say that too much is."""
        wanted = landing.differing() if store else []
        known, missing = landing.missing()
        is_accident = missing == known or missing > max(SMALL_LOSS, LARGEST_LOSS * known)
        if missing and is_accident and not window.accept_loss:
            failed.error = (
                f"The collection {self.name} has lost {missing:,} of {known:,} documents; it may "
                "have been emptied, restored badly or confused with another one. Nothing is marked "
                "as deleted. Restore it, or, if they were deleted on purpose, run mypizza "
                "reconcile --source documents --accept-loss."
            )
            missing = 0
        if not wanted and not missing:
            return ()
        connection, feed = self.session.connection, {"feed": self.name}
        with record.load(connection, "documents", None, "heal", feed) as entry:
            entry.tables[self.name] = {"rows": 0}
            with self._told(entry):
                for changed in landing.land(store.named(wanted) if store else iter(()), _nowhere):
                    self._count(entry, landing, changed)
                if missing:
                    landing.mark_deleted()
                    self._count(entry, landing, missing)
        return (entry.result,)

    def _changes(self, declared: Collection, landing: Landing) -> Iterator[int]:
        """Land what is new; yield how many documents each chunk has changed."""
        position = landing.position()
        with closing(_opened(declared)) as opened:
            if isinstance(opened, Dumps):
                dump = opened.newest()
                if position.get("dump") == dump.version:
                    return
                yield from landing.land(opened.read(dump), _nowhere)
                self._dump, self._whole = dump.version, landing
                return
            opened.check()
            if not declared.updated_at:
                yield from landing.land(opened.by_id(None), _nowhere)
                self._whole = landing
            elif "since" in position and "after" not in position:
                changes = opened.since(position["since"])
                yield from landing.land(changes, lambda last: {"since": last.updated_at})
            elif newest := position.get("since") or opened.newest():
                everything = opened.by_id(position.get("after"))
                yield from landing.land(
                    everything, lambda last: {"after": last.document_id, "since": newest}
                )
                # what changed meanwhile, and what has no time of change, is found by comparing
                landing.write_position({"since": newest})

    def _count(self, entry: record.Entry, landing: Landing, changed: int) -> None:
        entry.load_id, entry.row_count = landing.load_id, entry.row_count + changed
        entry.tables[self.name] = {"rows": entry.row_count}

    def _declared(self) -> Collection:
        if isinstance(self.declared, SourceError):
            raise self.declared
        return self.declared

    @contextmanager
    def _told(self, entry: record.Entry) -> Iterator[None]:
        """Let one collection's trouble stay with that collection."""
        try:
            yield
        except SourceError as error:
            entry.error = str(error)
        except Exception as error:
            entry.error = trouble(error) or f"The collection {self.name}: {reason(error)}."


def _opened(declared: Collection) -> Store | Dumps:
    return Store(declared) if declared.is_live else Dumps(declared)


def _nowhere(last: Document) -> None:
    """Keep no position: what is read as a whole is read as a whole again."""
    del last
