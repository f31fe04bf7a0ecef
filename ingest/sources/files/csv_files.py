"""CSV files: every record with its line number, and no line lost to a stray quote.

pyarrow reads the values, all of them. It hands back each line that does not fit the header, but
takes everything between two stray quotes for one value. So whenever a value may go over lines,
regular expressions first find where each record ends: a line that is complete by itself, a record
that is quoted correctly over several lines, or a line with a stray quote, which is rejected alone.

A block is a few megabytes, ends with a line, and is all of a file that is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from ingest.sources.files.columns import column_names, rows
from ingest.sources.files.feed import Feed

LONGEST_LINE = 8 << 20
LONGEST_RECORD = 10_000
"""Lines that a quoted value may go over; more is a stray quote."""

FEW_LINES = 3
"""In a feed of two or three columns: from so many lines within a value on, most of them as wide as
the header, they are rows."""

LONGEST_HEADER = 20
"""Lines that a header's quoted titles may go over."""


def read_csv(chunks: Iterator[bytes], feed: Feed) -> Iterator[tuple[pa.Table, int]]:
    """Yield the rows of a CSV file as text, and among them the lines that do not fit the header.

    Args:
        chunks: the file's text, as UTF-8.
        feed: its feed, which knows the dialect.

    Yields:
        Rows, and how many of them are rejects.

    Raises:
        ValueError: a line is longer than `LONGEST_LINE`.
    """
    file = _File(Dialect.of(feed), tuple(feed.columns))
    rest = b""
    for chunk in chunks:
        rest += chunk
        end = rest.rfind(b"\n") + 1
        used = 0
        if end:
            table, rejects, used = file.read(rest[:end], is_last=False)
            if table is not None:
                yield table, rejects
        rest = rest[used:]
        if len(rest) > LONGEST_LINE and b"\n" not in rest:
            raise ValueError(f"a line is longer than {LONGEST_LINE >> 20} MB")
    if rest:
        table, rejects, _ = file.read(rest if rest.endswith(b"\n") else rest + b"\n", is_last=True)
        if table is not None:
            yield table, rejects


@dataclass(frozen=True)
class Dialect:
    """How values and records are told apart.

    Attributes:
        delimiter: between two values.
        quote: around values; empty for none.
        escape: before a quote within a value; empty where it is doubled.
        lines: matches lines as long as each is a record by itself; text may follow a closing quote.
        record: matches one record, whose values go over lines where they are quoted correctly. Its
            group is the end of the last line; without it the text ended before the quote.
    """

    delimiter: str
    quote: str
    escape: str
    lines: re.Pattern[bytes] = field(repr=False)
    record: re.Pattern[bytes] = field(repr=False)

    @staticmethod
    def of(feed: Feed) -> Dialect:
        """Return a feed's dialect."""
        return _dialect(feed.delimiter, feed.quote, feed.escape)

    def values(self, block: bytes, names: Sequence[str]) -> tuple[pa.Table, dict[int, str]]:
        """Return a block's rows, and the records that do not fit, by their place in the block."""
        misfits: dict[int, str] = {}
        if not block:
            return pa.table({name: pa.chunked_array([], pa.string()) for name in names}), misfits

        def skip(row: arrow_csv.InvalidRow) -> str:
            misfits[row.number - 1] = row.text
            return "skip"

        table = arrow_csv.read_csv(
            pa.BufferReader(block),
            # One thread: only then are misfits numbered. The next block is read beside the copy.
            arrow_csv.ReadOptions(
                use_threads=False, column_names=list(names), block_size=len(block) + 1
            ),
            self._options(skip),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        return table, misfits

    def titles(self, line: bytes) -> list[str]:
        """Return a header's values; where its quotes are wrong, they are part of them."""
        options = self._options(None)
        record = self.record.fullmatch(line)
        if not (record and record[1]) and not self.lines.fullmatch(line):
            options = arrow_csv.ParseOptions(delimiter=self.delimiter, quote_char=False)
        names = arrow_csv.read_csv(
            pa.BufferReader(line), arrow_csv.ReadOptions(block_size=len(line) + 1), options
        ).schema.names
        return list(names)

    def _options(self, handler: object) -> arrow_csv.ParseOptions:
        return arrow_csv.ParseOptions(
            delimiter=self.delimiter,
            quote_char=self.quote or False,
            escape_char=self.escape or False,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=handler,
        )


@lru_cache
def _dialect(delimiter: str, quote: str, escape: str) -> Dialect:
    d, q, e = (re.escape(each) for each in (delimiter, quote, escape))
    escaped = rf"|{e}[\s\S]" if e else ""
    plain = rf"(?:(?:[^{d}{q}{e}\r\n]{escaped})(?:[^{d}{e}\r\n]++{escaped})*+)?"
    # quoted on one line, whatever comes before the next delimiter; and quoted correctly, over lines
    loose = rf"{q}(?:[^{q}{e}\n]++{escaped}|{q}{q})*+{q}[^{d}{q}\r\n]*+|" if q else ""
    strict = rf"{q}(?:[^{q}{e}]++{escaped}|{q}{q})*+(?:{q}|\Z)|" if q else ""
    line = rf"(?:(?:{loose}{plain}){d})*+(?:{loose}{plain})\r?\n"
    record = rf"(?:(?:{strict}{plain}){d})*+(?:{strict}{plain})(?:(\r*\n)|\Z)"
    return Dialect(
        delimiter,
        quote,
        escape,
        lines=re.compile(f"(?:{line})*+".encode()),
        record=re.compile(record.encode()),
    )


@dataclass
class _Framed:
    """A block whose records are found.

    Attributes:
        text: its records, without the lines that are rejected.
        starts: the line that each record begins on.
        rejects: the lines with a stray quote, by number.
        used: how many of the block's bytes these are.
    """

    text: bytes
    starts: list[int]
    rejects: dict[int, str]
    used: int


class _File:
    """One file while it is read."""

    def __init__(self, dialect: Dialect, names: tuple[str, ...]) -> None:
        """Begin with the first line.

        Args:
            dialect: how the file is written.
            names: the columns' names; none where the file's header says them.
        """
        self._dialect = dialect
        self._names = names
        self._header: list[str] | None = None
        self._line = 1

    def read(self, block: bytes, *, is_last: bool) -> tuple[pa.Table | None, int, int]:
        """Read a block.

        Args:
            block: it ends with a line.
            is_last: whether nothing follows it.

        Returns:
            Its rows, if any; how many of them are rejects; and how many bytes were used: what
            remains is the beginning of a record whose end must come with the next block.
        """
        skipped = 0
        while not self._names and skipped < len(block):
            height = self._read_header(block[skipped:], is_last=is_last)
            if not height:
                return None, 0, skipped
            self._line += height[0]
            skipped += height[1]
        block = block[skipped:]
        if not block:
            return None, 0, skipped
        table, numbers, rejects, used = self._parse(block, is_last=is_last)
        self._line += block.count(b"\n", 0, used)
        rejects = {number: text for number, text in sorted(rejects.items()) if text}
        columns, numbers = _without_headers(table.columns, numbers, self._header)
        return rows(self._names, columns, numbers, rejects), len(rejects), skipped + used

    def _read_header(self, block: bytes, *, is_last: bool) -> tuple[int, int] | None:
        """Take the names from the first record; return its lines and bytes, None if it is open."""
        end = block.index(b"\n") + 1
        if not block[:end].strip():
            return 1, end
        match = self._dialect.record.match(block)
        if match and block.count(b"\n", 0, match.end()) <= LONGEST_HEADER:
            if match[1]:
                end = match.end()
            elif not is_last and len(block) < LONGEST_LINE:
                return None
        self._header = self._dialect.titles(block[:end].rstrip(b"\r\n") + b"\n")
        self._names = column_names(tuple(self._header))
        return block.count(b"\n", 0, end), end

    def _parse(
        self, block: bytes, *, is_last: bool
    ) -> tuple[pa.Table, Sequence[int], dict[int, str], int]:
        """Return a block's rows, the line that each begins on, the rejects, and the bytes used."""
        lines = block.count(b"\n")
        # Outside of quotes pyarrow takes a lone carriage return for the end of a line.
        if block.count(b"\r") == block.count(b"\r\n"):
            table, misfits = self._dialect.values(block, self._names)
            if table.num_rows + len(misfits) == lines and not self._may_be_open(table, misfits):
                numbers, rejects = _numbered(range(self._line, self._line + lines), misfits)
                return table, numbers, rejects, len(block)
        framed = self._frame(block, is_last=is_last)
        table, misfits = self._dialect.values(framed.text, self._names)
        if table.num_rows + len(misfits) != len(framed.starts):
            raise ValueError("its quotes cannot be told apart: check quote and escape")
        numbers, rejects = _numbered(framed.starts, misfits)
        return table, numbers, rejects | framed.rejects, framed.used

    def _may_be_open(self, table: pa.Table, misfits: dict[int, str]) -> bool:
        """Say whether a block's last record may end within quotes."""
        last = misfits.get(table.num_rows + len(misfits) - 1)
        if last is not None:
            return bool(self._dialect.quote) and self._dialect.quote in last
        return table.num_rows > 0 and str(table.columns[-1][-1].as_py()).endswith("\n")

    def _frame(self, block: bytes, *, is_last: bool) -> _Framed:
        """Find where each record ends."""
        pieces: list[bytes] = []
        framed = _Framed(b"", [], {}, len(block))
        position, line = 0, self._line
        while position < len(block):
            complete = self._dialect.lines.match(block, position)
            end = complete.end() if complete else position
            height = block.count(b"\n", position, end)
            pieces.append(block[position:end])
            framed.starts += range(line, line + height)
            position, line = end, line + height
            if position == len(block):
                break
            end = self._end_of_record(block, position, is_last=is_last)
            if end == 0:
                framed.used = position
                break
            if end < 0:
                end = block.index(b"\n", position) + 1
                framed.rejects[line] = block[position:end].rstrip(b"\r\n").decode()
            else:
                pieces.append(block[position:end].rstrip(b"\r\n") + b"\n")
                framed.starts.append(line)
            line += block.count(b"\n", position, end)
            position = end
        framed.text = b"".join(pieces)
        return framed

    def _end_of_record(self, block: bytes, start: int, *, is_last: bool) -> int:
        """Return where a record ends: 0 if only the next block says it, -1 if it is no record."""
        match = self._dialect.record.match(block, start)
        if match is None:
            return -1
        is_closed = match[1] is not None
        inside = block[block.index(b"\n", start) + 1 : match.end()].splitlines()
        if is_closed:
            inside = inside[:-1]
        if len(inside) > LONGEST_RECORD or self._are_rows(inside):
            return -1
        if is_closed:
            return match.end()
        return -1 if is_last or len(block) - start > LONGEST_LINE else 0

    def _are_rows(self, inside: Sequence[bytes]) -> bool:
        """Say whether lines between two quotes are rows: most are as wide as the header."""
        width = len(self._names)
        # a line of prose is seldom as wide as four columns: there one is enough
        if width == 1 or len(inside) < (FEW_LINES if width < 4 else 1):
            return False
        delimiter = self._dialect.delimiter.encode()
        return 2 * sum(line.count(delimiter) == width - 1 for line in inside) > len(inside)


def _numbered(
    starts: Sequence[int], misfits: dict[int, str]
) -> tuple[Sequence[int], dict[int, str]]:
    """Return the lines that rows and misfits begin on, given those of all records."""
    if not misfits:
        return starts, {}
    numbers = [start for place, start in enumerate(starts) if place not in misfits]
    return numbers, {starts[place]: text for place, text in misfits.items()}


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
