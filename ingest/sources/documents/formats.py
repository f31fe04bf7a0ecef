"""What dumps are written in: BSON, an archive of many collections, or Extended JSON."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

from bson import decode

from ingest.loads.source import SourceError
from ingest.sources.documents.collection import Collection
from ingest.sources.documents.text import CODEC, value_of

LARGEST = (16 << 20) + (16 << 10)
"""No document of a store is longer, in bytes."""

ARCHIVE = b"\x6d\xe2\x99\x81"
"""How the archive of `mongodump --archive` begins."""

Found = Iterator[tuple[int, Any]]
"""Documents, each with the byte at which it begins."""


class DamagedError(ValueError):
    """A dump that cannot be read on from a byte of what is packed in it."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(why)
        self.place = place


def read(stream: io.BufferedReader, name: str, declared: Collection) -> Found:
    """Return the documents of a dump.

    Args:
        stream: what the file has, unpacked.
        name: the file's name.
        declared: the collection, which an archive has beside others.

    Raises:
        DamagedError: it is damaged, or ends too soon.
        SourceError: it is an archive that has no such collection.
    """
    try:
        is_archive = stream.peek(len(ARCHIVE))[: len(ARCHIVE)] == ARCHIVE
    except Exception as error:  # gzip's, zlib's
        raise DamagedError(0, f"{error}".rstrip(".")) from None
    if is_archive:
        return _archived(stream, name, declared)
    return _bson(stream) if ".bson" in name.lower() else _json(stream)


def _bson(stream: io.BufferedReader) -> Found:
    for place, document in _records(stream):
        if document is None:
            raise DamagedError(place, "a document of -1 bytes cannot be")
        yield place, document


def _archived(stream: io.BufferedReader, name: str, declared: Collection) -> Found:
    """Yield one collection's documents: blocks of collections take turns, each with its header."""
    stream.read(len(ARCHIVE))
    records = _records(stream, len(ARCHIVE))
    next(records)  # what wrote it
    listed = []
    for _, document in records:
        if document is None:
            break
        listed.append(_named(document))
    wanted = _wanted(listed, name, declared)
    block, has_ended, place = None, False, len(ARCHIVE)
    for place, document in records:
        if document is None:
            block = None
        elif block is None:
            block = _named(document)
            has_ended = has_ended or (block == wanted and bool(document.get("EOF")))
        elif block == wanted:
            yield place, document
    if not has_ended:
        raise DamagedError(place, "it ends before the collection does")


def _named(document: dict[str, Any]) -> tuple[str, str]:
    return str(document.get("db")), str(document.get("collection"))


def _wanted(listed: list[tuple[str, str]], name: str, declared: Collection) -> tuple[str, str]:
    """Return which collection of an archive is meant: its database and its name there."""
    called, database = declared.collection or declared.name, declared.database
    found = [each for each in listed if each[1] == called and database in (None, each[0])]
    if len(found) == 1:
        return found[0]
    what = f"{database}.{called}" if database else called
    raise SourceError(
        f"The archive {name} has {'several collections' if found else 'no collection'} {what} "
        f"(there are {', '.join(sorted(map('.'.join, found or listed))[:20])}): write database and "
        f"collection, as the archive calls them, into {declared.section}; what has landed stays."
    )


def _records(
    stream: io.BufferedReader, place: int = 0
) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield documents of BSON, each with its first byte; None for the end of an archive's block."""
    try:
        while head := stream.read(4):
            size = struct.unpack("<i", head)[0] if len(head) == 4 else 0
            if size == -1:
                yield place, None
                place += 4
                continue
            if len(head) == 4 and not 5 <= size <= LARGEST:
                raise ValueError(f"a document of {size:,} bytes cannot be")
            body = head + stream.read(max(size - 4, 0))
            if len(body) < max(size, 4):
                raise ValueError("it ends within a document")
            yield place, decode(body, CODEC)
            place += size
    except DamagedError:
        raise
    except Exception as error:  # bson's, gzip's, zlib's
        raise DamagedError(place, f"{error}".rstrip(".")) from None


def _json(stream: io.BufferedReader) -> Found:
    """Yield the documents of mongoexport's file, lines or one list."""
    place = 0
    try:
        first = stream.peek(1 << 12).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if first == b"[":
            for document in value_of(stream.read().lstrip(b"\xef\xbb\xbf")):
                yield 0, document
            return
        for line in stream:
            if text := line.strip(b"\xef\xbb\xbf \t\r\n"):
                yield place, value_of(text)
            place += len(line)
    except Exception as error:
        raise DamagedError(place + getattr(error, "pos", 0), f"{error}".rstrip(".")) from None
