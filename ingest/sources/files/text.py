"""The text of a file, whatever it is packed in and however it is encoded."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

BLOCK_BYTES = 4 << 20
MOST_PACKINGS = 3
"""So many packings are taken off; there are files that never end to be packed."""


class Position(NamedTuple):
    """The end of a line, up to which a file has been read.

    Attributes:
        read_bytes: how many bytes are before it, unpacked.
        read_digest: their SHA-256.
        next_line: the number of the line that begins there.
    """

    read_bytes: int
    read_digest: str
    next_line: int


class Track:
    """How far a file has been read before, and how far it is read now.

    Attributes:
        since: where reading goes on; None from the start.
        end: where it ended, if the next reading may go on there.
    """

    def __init__(self, since: Position | None = None) -> None:
        """Begin at the start of the file, or at a position if nothing before it has changed."""
        self.since = since
        self.end: Position | None = None
        self._begin()

    def _begin(self) -> None:
        self._bytes, self._digest = 0, hashlib.sha256()

    def ends_at(self, next_line: int) -> None:
        """Say that the last line read is complete; a short file is read whole every time.

        Args:
            next_line: the number of the line that would follow.
        """
        if self._bytes > BLOCK_BYTES:
            self.end = Position(self._bytes, self._digest.hexdigest(), next_line)

    def blocks(self, raw: BinaryIO) -> Iterator[bytes]:
        """Yield what a file holds, unpacked; the last block is empty.

        Args:
            raw: the opened file. If its bytes up to `since` are as they were, only the first block
                of them is yielded, for it holds the header; otherwise `since` becomes None.
        """
        stream = _unpacked(raw)
        if self.since:
            head = b""
            while wanted := min(BLOCK_BYTES, self.since.read_bytes - self._bytes):
                block = self._read(stream, wanted)
                if not block:
                    break
                head = head or block
            if self._digest.hexdigest() == self.since.read_digest:
                yield head
            else:
                self.since = None
                self._begin()
                raw.seek(0)
                # the first one stays: with it, what unpacks zstd would close the file
                _first, stream = stream, _unpacked(raw)
        while block := self._read(stream, BLOCK_BYTES):
            yield block
        yield b""

    def _read(self, stream: Any, size: int) -> bytes:
        block: bytes = stream.read(size)
        self._digest.update(block)
        self._bytes += len(block)
        return block


TWO_BYTES = re.compile(rb"\xff\xfe[^\0]\0|\xfe\xff\0[^\0]|(?:[^\0]\0){4}|(?:\0[^\0]){4}")
"""How a text of UTF-16 begins whose letters are ASCII: with a byte-order mark or without."""


class OtherEncodingError(ValueError):
    """A text has two bytes a letter, and its feed declares another encoding."""


def chunks(raw: BinaryIO, encoding: str, on_bad_bytes: Any, track: Track) -> Iterator[bytes]:
    r"""Yield a file's text as UTF-8, in pieces; lines end with a line feed.

    Args:
        raw: the opened file: plain, gzip, zstd, or a zip archive of one file.
        encoding: of the text; a byte-order mark is taken off.
        on_bad_bytes: called with the number of bytes that are no text; they are written `\xNN`.
        track: where to go on. The first piece is the file's beginning all the same, up to the end
            of a line.

    Raises:
        ValueError: the file cannot be unpacked.
        OtherEncodingError: it is UTF-16, and declared as something else.
    """
    encoding = codecs.lookup(encoding).name
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(
        "backslashreplace"
    )
    escapes = 0
    has_old_line_ends: bool | None = None
    for position, chunk in enumerate(track.blocks(raw)):
        if (
            position == 0
            and TWO_BYTES.match(chunk)
            and not encoding.startswith(("utf-16", "utf-32"))
        ):
            raise OtherEncodingError(f"it is UTF-16, and not {encoding}")
        is_text = encoding == "utf-8" and decoder.getstate() == (b"", 0) and _is_utf8(chunk)
        text = chunk if chunk and is_text else decoder.decode(chunk, not chunk).encode()
        # Postgres' text holds no zero byte.
        text = text.replace(b"\0", b"\\x00")
        if b"\\" in text:
            escapes += text.count(b"\\x") - chunk.count(b"\\x")
        if has_old_line_ends is None:
            has_old_line_ends = b"\r" in text and b"\n" not in text
        if has_old_line_ends:
            text = text.replace(b"\r", b"\n")
        if track.since and position == 0:
            text = text[: text.rfind(b"\n") + 1]
            decoder.setstate((b"", decoder.getstate()[1]))
        if text or (track.since and position == 0):
            yield text
    if escapes > 0:
        on_bad_bytes(escapes)


def _is_utf8(chunk: bytes) -> bool:
    """Say whether bytes are whole characters; pyarrow takes a tenth of the time of decoding."""
    try:
        pa.array([chunk], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


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
