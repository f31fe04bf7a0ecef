"""A collection as its dumps have it: files that each hold all of it, of which the newest counts."""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ingest.loads.configuration import SECRETS_FILE
from ingest.loads.folder import Folder, etag, in_any_case
from ingest.loads.source import SourceError
from ingest.sources.documents import formats
from ingest.sources.documents.collection import Collection
from ingest.sources.documents.text import Document, landed

SKIPPED = re.compile(r"(?i)(\.metadata\.json|oplog\.bson|prelude\.json)(\.gz)?$")
"""What mongodump writes beside a collection."""


class File(NamedTuple):
    """A dump as it was listed: its name, its path, and what tells whether it has changed."""

    name: str
    path: str
    version: str


class Dumps:
    """The folder of a collection's dumps, opened."""

    def __init__(self, collection: Collection) -> None:
        """Open the folder.

        Raises:
            SourceError: it cannot be opened.
        """
        self.collection = collection
        self._folder = Folder(
            collection.url, "sources", "documents", "collections", collection.name
        )
        try:
            self._folder.open_up()
        except Exception as error:
            raise self._problem(error) from None

    def close(self) -> None:
        """Close nothing: a file is open only while it is read."""

    def check(self) -> None:
        """Ask whether the folder can be read, and has a dump.

        Raises:
            SourceError: it cannot, or has none.
        """
        self.newest()

    def newest(self) -> File:
        """Return the dump that was written last; of two at once, the one whose name comes last.

        Raises:
            SourceError: the folder cannot be read, or has no dump.
        """
        pattern = str(self.collection.files)
        try:
            found = self._folder.find(in_any_case(pattern))
            dumps = [
                (self._folder.modified_at(info), self._folder.name_of(path), path, info)
                for path, info in found
                if not SKIPPED.search(path)
            ]
        except Exception as error:
            raise self._problem(error) from None
        if not dumps:
            raise SourceError(
                f"No dump of the collection {self.collection.name} matches {pattern!r} in "
                f"{self.collection.url}: correct files in {self.collection.section}; what has "
                "landed stays."
            )
        moment, name, path, info = max(dumps, key=lambda dump: dump[:2])
        return File(name, path, json.dumps([name, int(info["size"]), str(moment), etag(info)]))

    def read(self, file: File) -> Iterator[Document]:
        """Yield the documents of a dump.

        Raises:
            SourceError: it ends too soon, or is damaged; the message says at which byte.
        """
        place = 0
        try:
            with self._folder.open(file.path) as raw:
                packed = io.BufferedReader(raw) if not hasattr(raw, "peek") else raw
                is_packed = packed.peek(2)[:2] == b"\x1f\x8b"
                stream: Any = gzip.GzipFile(fileobj=packed) if is_packed else packed
                stream = io.BufferedReader(stream, 1 << 20)
                for place, document in formats.read(stream, file.name, self.collection):
                    if not isinstance(document, Mapping) or "_id" not in document:
                        raise ValueError("it is no document with an _id")
                    yield landed(document, self.collection.updated_at)
                    place += 1  # what comes next is damaged there at the earliest
        except (OSError, EOFError, ValueError, TypeError, struct.error, RecursionError) as error:
            place = getattr(error, "place", place)
            raise SourceError(
                f"The dump {file.name} of the collection {self.collection.name} cannot be read "
                f"from byte {place:,} on ({self._folder.why(error)}): make it again; what it says "
                "before that has landed, and nothing is marked as deleted."
            ) from None

    def _problem(self, error: Exception) -> SourceError:
        return SourceError(
            f"The dumps of the collection {self.collection.name} at {self.collection.url} cannot "
            f"be read ({self._folder.why(error)}): check url in {self.collection.section}, and "
            f"its credentials in {SECRETS_FILE}; what has landed stays."
        )
