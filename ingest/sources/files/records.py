"""CSV in any dialect: fast where it is regular, and record by record where its quotes are not.

Why files are read this way, and not by dlt's filesystem source:

- dlt reads each file into its own load package on disk and merges by a second copy. That is two to
  three times the cost of `COPY`, and it has neither line numbers nor rejects. Here a file streams
  through pyarrow straight into the table, in one transaction.
- pyarrow's parser hands back each line that does not fit the header, but forgives stray quotes and
  takes what lies between two of them for a value. So a block whose quotes do not come in pairs, or
  in which a value goes over lines that it should not, goes through Python's own parser, record by
  record: there a stray quote costs its own line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from ingest.sources.files.blocks import LONGEST_LINE, blocks, unpacked
from ingest.sources.files.columns import column_names
from ingest.sources.files.feed import Feed
from ingest.sources.files.reading import Reading
from ingest.sources.files.rows import table_of

LONGEST_RECORD = 1_000
"""Lines that a quoted value may go over where quotes are not in pairs; more is a stray quote."""

FEW_LINES = 3
"""In a feed of two or three columns: from so many lines within a value on, most of them as wide as
the header, they are rows."""

SMALL_BLOCK = 32 << 10
"""Below this Python's parser is the faster one: pyarrow's takes most of a millisecond to begin."""

LONGEST_HEADER = 20
"""Lines that a header's quoted titles may go over."""

csv.field_size_limit(LONGEST_LINE)


def read_csv(raw: BinaryIO, feed: Feed, reading: Reading) -> Iterator[pa.Table]:
    """Yield the rows of a CSV file as text, and among them the lines that do not fit the header.

    Args:
        raw: the opened file: plain, gzip, zstd, or a zip archive of one file.
        feed: its feed, which knows the dialect.
        reading: told of rejects and of bytes that are no text.
    """
    names, header, first = feed.columns, None, 1
    for block, is_paired in blocks(unpacked(raw), feed, reading):
        rest = block
        while not names and rest:
            header, height = _header(rest, feed)
            names = column_names(tuple(header))
            first += height
            rest = b"".join(rest.split(b"\n", height)[height:])
        if not rest:
            continue
        table, numbers, rejects = _parse(rest, feed, names, first, is_paired)
        reading.rejects += len(rejects)
        yield table_of(names, *_without_headers(table.columns, numbers, header), rejects)
        first += rest.count(b"\n")


def _header(block: bytes, feed: Feed) -> tuple[list[str], int]:
    """Return the first record's values, none where its line is empty, and its lines."""
    lines = [line.decode() + "\n" for line in block.split(b"\n", LONGEST_HEADER)[:LONGEST_HEADER]]
    if not lines[0].strip():
        return [], 1
    dialect = _python_dialect(feed)
    header, height = _record(lines, 0, LONGEST_HEADER, dialect, width=0)
    return header or next(csv.reader([lines[0].strip("\r\n")], **dialect)), height


def _without_headers(
    columns: Sequence[pa.ChunkedArray], numbers: Sequence[int], header: Sequence[str] | None
) -> tuple[Sequence[pa.ChunkedArray], Sequence[int]]:
    """Return rows without those that hold nothing at all, or the header once more."""
    keep = None
    for unwanted in ([""] * len(columns), header):
        if unwanted is None:
            continue
        matches = pc.equal(columns[0], unwanted[0])
        for column, value in zip(columns[1:], unwanted[1:], strict=True):
            if not pc.any(matches).as_py():
                break
            matches = pc.and_(matches, pc.equal(column, value))
        if pc.any(matches).as_py():
            keep = pc.invert(matches) if keep is None else pc.and_not(keep, matches)
    if keep is None:
        return columns, numbers
    kept = pa.chunked_array([pa.array(numbers, pa.int64())]).filter(keep).to_pylist()
    return [column.filter(keep) for column in columns], kept


def _parse(
    block: bytes, feed: Feed, names: Sequence[str], first: int, is_paired: bool
) -> tuple[pa.Table, Sequence[int], dict[int, str]]:
    """Return a block's rows, the line that each begins on, and the rejects by their line."""
    rejected: dict[int, str] = {}

    def skip(row: Any) -> str:
        rejected[row.number - 1] = row.text
        return "skip"

    # Outside of quotes pyarrow would take a lone carriage return for the end of a line.
    has_lone_returns = b"\r" in block and block.count(b"\r") != block.count(b"\r\n")
    if not is_paired or len(block) < SMALL_BLOCK or has_lone_returns:
        return _parse_carefully(block, feed, names, first)
    table = arrow_csv.read_csv(
        pa.BufferReader(block),
        # One thread: only then are rejects numbered. The next block is parsed beside the copy.
        arrow_csv.ReadOptions(
            use_threads=False, column_names=list(names), block_size=len(block) + 1
        ),
        arrow_csv.ParseOptions(
            delimiter=feed.delimiter,
            quote_char=feed.quote or False,
            escape_char=feed.escape or False,
            newlines_in_values=bool(feed.quote),
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        ),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    count = table.num_rows + len(rejected)
    lines = block.count(b"\n") + (not block.endswith(b"\n"))
    is_open = table.num_rows > 0 and table.columns[-1][-1].as_py().endswith("\n")
    if lines == count and not rejected and not is_open:
        return table, range(first, first + count), {}
    rows = [row for row in range(count) if row not in rejected]
    heights = [1] * count
    if lines != count or is_open:
        for row, text in rejected.items():
            heights[row] += text.count("\n")
        for column in table.columns:
            for row, height in zip(rows, pc.count_substring(column, "\n").to_pylist(), strict=True):
                heights[row] += height
    starts = list(accumulate(heights, initial=first))
    tall = [(starts[row] - first, height) for row, height in enumerate(heights) if height > 1]
    if starts[-1] != first + lines or not _are_records(tall, block, feed, len(names)):
        return _parse_carefully(block, feed, names, first)
    return (
        table,
        [starts[row] for row in rows],
        {starts[row]: text for row, text in rejected.items()},
    )


def _parse_carefully(
    block: bytes, feed: Feed, names: Sequence[str], first: int
) -> tuple[pa.Table, Sequence[int], dict[int, str]]:
    """Parse a block record by record: a stray quote costs its own line, not all that follow."""
    lines = _lines(block)
    rows: list[list[str]] = []
    numbers: list[int] = []
    rejects: dict[int, str] = {}
    dialect = _python_dialect(feed)
    position = 0
    while position < len(lines):
        row, height = _record(lines, position, LONGEST_RECORD, dialect, len(names))
        if row is not None and len(row) == len(names):
            rows.append(row)
            numbers.append(first + position)
        elif row != []:
            text = "".join(lines[position : position + height])
            rejects[first + position] = text.rstrip("\r\n")
        position += height
    columns = [
        pa.chunked_array([pa.array([row[index] for row in rows], pa.string())])
        for index in range(len(names))
    ]
    return pa.table(columns, list(names)), numbers, rejects


def _are_records(records: Sequence[tuple[int, int]], block: bytes, feed: Feed, width: int) -> bool:
    """Return whether each of a block's records, by position and lines, is one to the letter."""
    lines, dialect = _lines(block) if records else [], _python_dialect(feed)
    return all(
        _record(lines, position, height, dialect, width)[1] == height
        for position, height in records
    )


def _lines(block: bytes) -> list[str]:
    return list(io.StringIO(block.decode(), newline="\n"))


def _record(
    lines: Sequence[str], position: int, longest: int, dialect: Mapping[str, Any], width: int
) -> tuple[list[str] | None, int]:
    """Read the record that begins on a line.

    Args:
        lines: all of a block.
        position: the line's.
        longest: how many lines it may go over.
        dialect: of Python's parser.
        width: how many values the header has.

    Returns:
        Its values, None where its quotes never end or end far too late, and its lines.
    """
    following = map(lines.__getitem__, range(position, min(position + longest, len(lines))))
    reader = csv.reader(following, strict=True, **dialect)
    try:
        row, height = next(reader), reader.line_num
    except csv.Error:
        return _forgiven(lines[position], dialect), 1
    inside = lines[position + 1 : position + height - 1]
    # a line of prose is seldom as wide as four columns: there one is enough
    if width > 1 and len(inside) >= (FEW_LINES if width < 4 else 1):
        like_rows = sum(line.count(dialect["delimiter"]) == width - 1 for line in inside)
        if 2 * like_rows > len(inside):
            return None, 1
    return row, height


def _forgiven(line: str, dialect: Mapping[str, Any]) -> list[str] | None:
    """Return a line's values although text follows a closing quote, as pyarrow does."""
    if line.count(dialect["quotechar"] or "\0") % 2:
        return None
    try:
        return next(csv.reader([line], **dialect))
    except csv.Error:  # a lone carriage return
        return None


def _python_dialect(feed: Feed) -> dict[str, Any]:
    return {
        "delimiter": feed.delimiter,
        "quotechar": feed.quote or None,
        "quoting": csv.QUOTE_MINIMAL if feed.quote else csv.QUOTE_NONE,
        "escapechar": feed.escape or None,
        "doublequote": not feed.escape,
    }
