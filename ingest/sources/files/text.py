"""The text of a file, whatever it is packed in and however it is encoded."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa

BLOCK_BYTES = 4 << 20
MOST_PACKINGS = 3
"""So many packings are taken off; there are files that never end to be packed."""


def chunks(raw: BinaryIO, encoding: str, on_bad_bytes: Any) -> Iterator[bytes]:
    r"""Yield a file's text as UTF-8, in pieces; lines end with a line feed.

    Args:
        raw: the opened file: plain, gzip, zstd, or a zip archive of one file.
        encoding: of the text; a byte-order mark is taken off.
        on_bad_bytes: called with the number of bytes that are no text; they are written `\xNN`.

    Raises:
        ValueError: the file cannot be unpacked.
    """
    stream = _unpacked(raw)
    encoding = codecs.lookup(encoding).name
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(
        "backslashreplace"
    )
    escapes = 0
    has_old_line_ends: bool | None = None
    while True:
        chunk = stream.read(BLOCK_BYTES)
        # Postgres' text holds no zero byte.
        text = decoder.decode(chunk, not chunk).encode().replace(b"\0", b"\\x00")
        if b"\\" in text:
            escapes += text.count(b"\\x") - chunk.count(b"\\x")
        if has_old_line_ends is None:
            has_old_line_ends = b"\r" in text and b"\n" not in text
        if text:
            yield text.replace(b"\r", b"\n") if has_old_line_ends else text
        if not chunk:
            break
    if escapes > 0:
        on_bad_bytes(escapes)


def read_head(raw: BinaryIO) -> bytes:
    """Return the beginning of what a file holds, unpacked: whole lines.

    Args:
        raw: the opened file.
    """
    head: bytes = _unpacked(raw).read(BLOCK_BYTES)
    end = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    return head if len(head) < BLOCK_BYTES else head[:end]


def _unpacked(raw: BinaryIO) -> Any:
    """Return a stream of what a file holds, also where it is packed twice."""
    stream: Any = raw
    magic = raw.read(4)
    raw.seek(0)
    for depth in range(MOST_PACKINGS + 1):
        inner: Any
        if magic[:2] == b"\x1f\x8b":
            inner = gzip.GzipFile(fileobj=stream, mode="rb")
        elif magic == b"\x28\xb5\x2f\xfd":
            inner = pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")
        elif magic in (b"PK\x03\x04", b"PK\x05\x06"):
            if depth:
                raise ValueError("it is an archive within a compressed file")
            inner = _only_member(raw)
        else:
            return stream
        stream = io.BufferedReader(inner)
        magic = stream.peek(4)[:4]
    raise ValueError(f"it is compressed more than {MOST_PACKINGS} times")


def _only_member(raw: BinaryIO) -> Any:
    archive = zipfile.ZipFile(raw)
    # macOS puts its own notes beside the file
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not re.search(r"(^|/)(__MACOSX/|\.)", member.filename)
    ]
    if len(members) != 1:
        raise ValueError(f"the archive holds {len(members)} files, not one")
    return archive.open(members[0])
