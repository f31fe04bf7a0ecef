"""A text file in blocks that end with a line outside of quotes, whatever it is packed in.

So the number of every block's first line is known, and no more than a few blocks are in memory.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from ingest.sources.files.feed import Feed
from ingest.sources.files.reading import Reading

BLOCK_BYTES = 4 << 20
LONGEST_LINE = 2 * BLOCK_BYTES
MOST_PACKINGS = 3
"""So many packings are taken off; there are files that never end to be packed."""


def unpacked(raw: BinaryIO) -> Any:
    """Return a stream of what a file holds, whatever it is packed in, and were it twice."""
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
                raise ValueError("an archive lies within a packed file")
            inner = _only_member(raw)
        else:
            return stream
        stream = io.BufferedReader(inner)
        magic = stream.peek(4)[:4]
    raise ValueError(f"it is packed more than {MOST_PACKINGS} times")


def _only_member(raw: BinaryIO) -> Any:
    archive = zipfile.ZipFile(raw)
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise ValueError(f"the archive holds {len(members)} files, not one")
    return archive.open(members[0])


def blocks(stream: Any, feed: Feed, reading: Reading) -> Iterator[tuple[bytes, bool]]:
    """Yield a file in blocks that end with a line outside of quotes, as UTF-8.

    Args:
        stream: the unpacked file.
        feed: its feed, which knows the encoding and the quotes.
        reading: told of bytes that are no text.

    Yields:
        A block, and whether the quotes in it come in pairs.
    """
    encoding = codecs.lookup(feed.encoding).name
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(
        "backslashreplace"
    )
    rest, escapes = b"", 0
    has_old_line_ends: bool | None = None
    while True:
        chunk = stream.read(BLOCK_BYTES)
        # Postgres' text holds no zero byte.
        text = decoder.decode(chunk, not chunk).replace("\0", "\\x00")
        if "\\x" in text:
            escapes += text.count("\\x") - chunk.count(b"\\x")
        if has_old_line_ends is None:
            has_old_line_ends = "\r" in text and "\n" not in text
        rest += (text.replace("\r", "\n") if has_old_line_ends else text).encode()
        if not chunk:
            break
        cut = _cut(rest, feed)
        is_paired = cut > 0
        if not cut and len(rest) > LONGEST_LINE:
            cut = rest.rfind(b"\n") + 1
            if not cut:
                raise ValueError(f"a line is longer than {LONGEST_LINE >> 20} MB")
        if cut:
            yield rest[:cut], is_paired
            rest = rest[cut:]
    if rest:
        yield rest, _is_paired(rest, feed)
    if escapes > 0:
        reading.notes.append(
            f"{escapes} byte(s) of {reading.file.name} are no {feed.encoding} text and stand as "
            f"\\xNN: correct the file, or the encoding in {feed.section}."
        )


def _cut(block: bytes, feed: Feed) -> int:
    """Return where the last line ends that does not lie within quotes; 0 where there is none."""
    cut = block.rfind(b"\n") + 1
    for _ in range(3):
        if not cut or _is_paired(block[:cut], feed):
            return cut
        cut = block.rfind(b"\n", 0, block.rfind(feed.quote.encode(), 0, cut)) + 1
    return 0  # a stray quote, or a long value: more of the file will tell


def _is_paired(block: bytes, feed: Feed) -> bool:
    if not feed.quote:
        return True
    quotes = block.count(feed.quote.encode())
    if feed.escape:
        quotes -= block.count((feed.escape + feed.quote).encode())
    return quotes % 2 == 0
