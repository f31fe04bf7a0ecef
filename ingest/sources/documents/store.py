"""A collection as its store has it: read by cursors, which are sorted and never skip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection as Asked
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    InvalidURI,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from ingest.loads.configuration import SECRETS_FILE
from ingest.loads.source import SourceError
from ingest.sources.documents.collection import Collection
from ingest.sources.documents.text import CODEC, Document, at, before, landed, text_of, value_of
from ingest.warehouse import reason

REFUSALS = {13, 18, 8000}
"""What servers call a login that is wrong, or may not."""

FETCHED = 200
"""So many documents are asked for by their ids at once."""


class Store:
    """A connection to the store of one collection."""

    def __init__(self, collection: Collection) -> None:
        """Connect, once something is asked.

        Raises:
            SourceError: the url is none.
        """
        self.collection = collection
        waiting = int(1000 * collection.timeout_seconds)
        secret = collection.password
        login: dict[str, Any] = {"password": secret.get_secret_value()} if secret else {}
        with self._told():
            self._client: MongoClient[dict[str, Any]] = MongoClient(
                collection.url, **login, appname="mypizza", serverSelectionTimeoutMS=waiting,
                connectTimeoutMS=waiting, socketTimeoutMS=waiting,
            )  # fmt: skip
            database = self._client.get_database(collection.database)
            self._documents: Asked[dict[str, Any]] = database.get_collection(
                str(collection.collection), codec_options=CODEC
            )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def check(self) -> None:
        """Ask whether the collection is there.

        Raises:
            SourceError: the store does not answer, refuses, or has no such collection.
        """
        named = self.collection
        with self._told():
            if self._documents.database.list_collection_names(filter={"name": named.collection}):
                return
        raise SourceError(
            f"{self._what} does not exist: correct database and collection in {named.section}; "
            "what has landed stays, and nothing is marked as deleted."
        )

    def newest(self) -> str | None:
        """Return the newest time of change, as text; None where there is none."""
        path = str(self.collection.updated_at)
        with self._told():
            found = self._documents.find_one({}, {path: 1}, sort=[(path, -1)])
        moment = at(found or {}, path)
        return None if moment is None else text_of(moment)

    def by_id(self, after: str | None) -> Iterator[Document]:
        """Yield all documents in the order of their ids, or those that come after one.

        Args:
            after: the id; of others than its type, a comparison finds what is missing.
        """
        wanted = {} if after is None else {"_id": {"$gt": value_of(after)}}
        return self._found(wanted, [("_id", 1)])

    def since(self, moment: str) -> Iterator[Document]:
        """Yield the documents that changed at a moment, a little before it, or later, in order."""
        path = str(self.collection.updated_at)
        first = before(value_of(moment), self.collection.overlap_seconds)
        return self._found({path: {"$gte": first}}, [(path, 1), ("_id", 1)])

    def ids(self) -> Iterator[Document]:
        """Yield all documents by id and time of change alone."""
        wanted = {"_id": 1} | (
            {self.collection.updated_at: 1} if self.collection.updated_at else {}
        )
        return self._found({}, [("_id", 1)], wanted)

    def named(self, ids: Sequence[str]) -> Iterator[Document]:
        """Yield the documents of some ids, as far as they are there."""
        for first in range(0, len(ids), FETCHED):
            asked = [value_of(text) for text in ids[first : first + FETCHED]]
            yield from self._found({"_id": {"$in": asked}}, [("_id", 1)])

    def _found(
        self, wanted: dict[str, Any], order: list[tuple[str, int]],
        fields: dict[str, int] | None = None,
    ) -> Iterator[Document]:  # fmt: skip
        with self._told(), self._documents.find(wanted, fields, sort=order) as cursor:
            for document in cursor:
                yield landed(document, self.collection.updated_at, whole=fields is None)

    @property
    def _what(self) -> str:
        named = self.collection
        return f"The collection {named.collection} of the database {named.database}"

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise what goes wrong as one sentence."""
        try:
            yield
        except (InvalidURI, ConfigurationError, FileNotFoundError, TypeError, ValueError) as error:
            raise SourceError(
                f"url in {self.collection.section} is not allowed ({self._why(error)}): correct it."
            ) from None
        except OperationFailure as error:
            if error.code in REFUSALS:
                raise SourceError(
                    f"{self._what} refuses us ({self._why(error)}): correct the login of url in "
                    f"{self.collection.section}, and its password in {SECRETS_FILE}; what has "
                    "landed stays."
                ) from None
            raise self._silent(error) from None
        except Exception as error:
            raise self._silent(error) from None

    def _silent(self, error: Exception) -> SourceError:
        gone = isinstance(error, AutoReconnect | ServerSelectionTimeoutError)
        verb = "does not answer" if gone else "cannot be read"
        return SourceError(
            f"{self._what} {verb} ({self._why(error)}): check that the store runs, and url in "
            f"{self.collection.section}; what has landed stays, and the next run goes on from "
            "there."
        )

    def _why(self, error: Exception) -> str:
        # pymongo adds all that it knows of each server
        why = reason(error).split(", Timeout:")[0].split(", full error:")[0].rstrip(".")
        secret = self.collection.password
        return why.replace(secret.get_secret_value(), "***") if secret else why
