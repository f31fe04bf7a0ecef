"""Land documents: chunk after chunk, each of them one load in one transaction.

A chunk's documents, how far it brings the collection, and the load's row in `_dlt_loads` are
committed together or not at all: a run may end anywhere, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from psycopg.sql import Composed
from psycopg.types.json import Jsonb

from ingest.loads import packages
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.documents.collection import Collection
from ingest.sources.documents.text import Document

RAW = "raw_documents"
STATEMENTS = Statements(__file__)
Position = dict[str, Any]


def schema_name(collection: str) -> str:
    """Return what `_dlt_loads` calls a collection's loads."""
    return f"documents_{collection}"


class Landing:
    """A collection's way into the warehouse during one visit."""

    def __init__(self, connection: Connection, collection: Collection) -> None:
        """Begin with nothing seen.

        Args:
            connection: the session's connection.
            collection: the collection.
        """
        self.connection, self.collection = connection, collection
        self.load_id: str | None = None
        parts = (collection.url, collection.database, collection.collection, collection.files)
        self._place = "|".join(map(str, (*parts, collection.updated_at)))
        self._tables = {"seen": f"seen_{collection.name}", "chunk": f"chunk_{collection.name}"}
        connection.execute(self._statement("begin"))

    def _statement(self, name: str) -> Composed:
        return STATEMENTS(name, **self._tables)

    def position(self) -> Position:
        """Return how far the collection is read; nothing where it was another one then."""
        row = self.connection.execute(
            "select position from raw_documents._positions where collection = %s and place = %s",
            [self.collection.name, self._place],
        ).fetchone()
        return dict(row[0]) if row else {}

    def write_position(self, position: Position) -> None:
        """Write down how far the collection is read."""
        values = {"collection": self.collection.name, "place": self._place}
        self.connection.execute(
            STATEMENTS("write_position"), {**values, "position": Jsonb(position)}
        )

    def land(
        self, documents: Iterator[Document], reached: Callable[[Document], Position | None]
    ) -> Iterator[int]:
        """Land documents.

        Args:
            documents: what to land.
            reached: returns how far the collection is read with a document, if that is to be kept.

        Yields:
            For each chunk, how many of its documents are new or have changed.
        """
        for first in documents:
            chunk, size = [first], 0
            # nobody waits for a silent store with a transaction open
            for document in chain([first], documents):
                if document is not first:
                    chunk.append(document)
                size += len(document.document or "") + len(document.document_id)
                if size >= self.collection.chunk_bytes:
                    break
            with self.connection.transaction():
                changed = self._merge(chunk)
                if position := reached(chunk[-1]):
                    self.write_position(position)
            yield changed

    def see(self, documents: Iterator[Document]) -> None:
        """Take note of what is there."""
        for first in documents:
            chunk = [first]
            for document in documents:
                chunk.append(document)
                if len(chunk) >= 50_000:
                    break
            with self.connection.transaction():
                self._copy(chunk)

    def differing(self) -> list[str]:
        """Return the ids of the documents that are not in raw as they were seen."""
        found = self.connection.execute(
            self._statement("differing"), {"collection": self.collection.name}
        )
        return [row[0] for row in found]

    def missing(self) -> tuple[int, int]:
        """Return how many documents there are in raw, and how many of them were not seen."""
        ((known, missing),) = self.connection.execute(
            self._statement("missing"), {"collection": self.collection.name}
        ).fetchall()
        return known, missing

    def mark_deleted(self) -> None:
        """Mark what was not seen, as a load of its own."""
        with self.connection.transaction():
            load_id = self._new_load()
            values = {"collection": self.collection.name, "load_id": load_id}
            self.connection.execute(self._statement("mark_deleted"), values)
            self._complete(load_id)

    def _copy(self, chunk: list[Document]) -> None:
        with self.connection.cursor().copy(self._statement("copy")) as copy:
            for number, document in enumerate(chunk):
                copy.write_row((number, *document))
        self.connection.execute(self._statement("see"))

    def _merge(self, chunk: list[Document]) -> int:
        self._copy(chunk)
        load_id = self._new_load()
        values = {"collection": self.collection.name, "load_id": load_id}
        changed = self.connection.execute(self._statement("merge"), values).rowcount
        if changed:
            self._complete(load_id)
        return changed

    def _new_load(self) -> str:
        return packages.new_load_id(self.connection, RAW)

    def _complete(self, load_id: str) -> None:
        self.load_id = load_id
        packages.complete(self.connection, RAW, schema_name(self.collection.name), load_id)
