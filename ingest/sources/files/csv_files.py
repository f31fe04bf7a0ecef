"""CSV files: every record with its line number, and no line lost to a stray quote.

pyarrow reads the values, all of them. It hands back each line that does not fit the header, but
takes everything between two stray quotes for one value. So whenever a value may go over lines,
regular expressions first find where each record ends: a line that is complete by itself, a record
that is quoted correctly over several lines, or a line with a stray quote, which is rejected alone.

A block is a few megabytes, ends with a line, and is all of a file that is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, reduce
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from ingest.sources.files.columns import column_names, rows
from ingest.sources.files.feed import Feed
from ingest.sources.files.text import Track

LONGEST_LINE = 8 << 20
LONGEST_RECORD = 10_000
"""Lines that a quoted value may go over; more is a stray quote."""

FEW_LINES = 3
"""In a feed of two or three columns: from so many lines within a value on, most of them as wide as
the header, they are rows."""

LONGEST_HEADER = 20
"""Lines that a header's quoted titles may go over."""

SEPARATOR_LINE = re.compile(rb'"?sep=.+"?\s*', re.IGNORECASE)
"""What Excel is told in the first line: the delimiter, which the feed declares."""

END_OF_FILE = b"\x1a"
"""What programs for DOS write at the end: no record."""

BLANK_LINES = re.compile(rb"(?:[^\S\n]*\n)*+")
LONE_RETURN = re.compile(rb"\r(?!\n)")


def read_csv(
    chunks: Iterator[bytes], feed: Feed, track: Track, on_left_out: Callable[[int], None]
) -> Iterator[pa.Table]:
    """Yield the rows of a CSV file as text, and among them the lines that do not fit the header.

    Args:
        chunks: the file's text, as UTF-8.
        feed: its feed, which says how it is written.
        track: where the chunks after the first go on, and what is told where they end.
        on_left_out: called with the number of lines that the feed says are no records, if any.

    Raises:
        ValueError: a line is longer than `LONGEST_LINE`, quote and escape are wrong, or no line
            begins as the feed says that the header does.
    """
    file = _File(feed)
    rest, is_header_known = b"", False
    for position, chunk in enumerate(chain(_unwrapped(chunks, feed), [None])):
        is_last = chunk is None
        if is_last:
            rest = rest.rstrip(END_OF_FILE)
        if is_last and not rest and is_header_known:
            track.ends_at(file.line)
        rest += chunk or b""
        if is_last and rest and not rest.endswith(b"\n"):
            rest += b"\n"
        end = rest.rfind(b"\n") + 1
        if position == 0 and track.since:
            file.read_header(rest[:end], is_last=is_last)
            is_header_known = file.knows_header
            file.line, rest = track.since.next_line, b""
            continue
        table, used = file.read(rest[:end], is_last=is_last)
        is_header_known = is_header_known or (position == 0 and file.knows_header)
        if table is not None:
            yield table
        rest = rest[used:]
        if len(rest) > LONGEST_LINE and b"\n" not in rest:
            raise ValueError(f"a line is longer than {LONGEST_LINE >> 20} MB")
    if feed.header and file.is_without_header:
        raise ValueError(f"no line of it begins with {feed.header!r}: correct header or the file")
    if file.left_out:
        on_left_out(file.left_out)


def _unwrapped(chunks: Iterator[bytes], feed: Feed) -> Iterator[bytes]:
    """Yield a file's text; lines that are each one quoted value lose these quotes."""
    wrapped = re.compile(rb'^"((?:[^"\r\n]|"")*+)"(?=\r?$)', re.MULTILINE)
    rest, is_wrapped = b"", None
    for chunk in chunks:
        if is_wrapped is None:
            line = BLANK_LINES.sub(b"", chunk, count=1).partition(b"\n")[0].rstrip(b"\r")
            match = wrapped.fullmatch(line)
            is_wrapped = (
                feed.quote == '"' and match is not None and feed.delimiter.encode() in match[1]
            )
        if not is_wrapped:
            yield chunk
            continue
        rest += chunk
        end = rest.rfind(b"\n") + 1
        yield wrapped.sub(lambda found: found[1].replace(b'""', b'"'), rest[:end])
        rest = rest[end:]
    if rest:
        yield wrapped.sub(lambda found: found[1].replace(b'""', b'"'), rest)


@lru_cache
def _patterns(
    delimiter: str, quote: str, escape: str
) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return the patterns of a feed's lines and records.

    Returns:
        The first matches lines as long as each is a record by itself; text may follow a closing
        quote. The second matches one record, whose values go over lines where they are quoted
        correctly; its group is the end of the last line, without which the text ended before the
        quote did.
    """
    d, q, e = (re.escape(each) for each in (delimiter, quote, escape))
    escaped = rf"|{e}[\s\S]" if e else ""
    plain = rf"(?:(?:[^{d}{q}{e}\r\n]{escaped})(?:[^{d}{e}\r\n]++{escaped})*+)?"
    # quoted on one line, whatever comes before the next delimiter; and quoted correctly, over lines
    loose = rf"{q}(?:[^{q}{e}\n]++{escaped}|{q}{q})*+{q}[^{d}{q}\r\n]*+|" if q else ""
    strict = rf"{q}(?:[^{q}{e}]++{escaped}|{q}{q})*+(?:{q}|\Z)|" if q else ""
    line = rf"(?:(?:{loose}{plain}){d})*+(?:{loose}{plain})\r?\n"
    record = rf"(?:(?:{strict}{plain}){d})*+(?:{strict}{plain})(?:(\r*\n)|\Z)"
    return re.compile(f"(?:{line})*+".encode()), re.compile(record.encode())


class _File:
    """One file while it is read."""

    def __init__(self, feed: Feed) -> None:
        """Begin with the first line.

        Args:
            feed: how the file is written, and its columns' names where it has no header.
        """
        self._feed = feed
        self._lines, self._record = _patterns(feed.delimiter, feed.quote, feed.escape)
        self._names = tuple(feed.columns)
        self._header: list[str] | None = None
        self.line, self.left_out = 1, 0
        self._is_empty = True

    @property
    def knows_header(self) -> bool:
        """Whether the columns' names are known."""
        return bool(self._names)

    @property
    def is_without_header(self) -> bool:
        """Whether the file has lines, and none of them is the header."""
        return self._header is None and not self._names and not self._is_empty

    def read(self, block: bytes, *, is_last: bool) -> tuple[pa.Table | None, int]:
        """Read a block.

        Args:
            block: it ends with a line.
            is_last: whether nothing follows it.

        Returns:
            Its rows, if any, and how many bytes were used: what remains is the beginning of a
            record whose end must come with the next block.
        """
        begins = self.read_header(block, is_last=is_last)
        self.line += block.count(b"\n", 0, begins)
        if begins == len(block) or not self._names:
            return None, begins
        table, used = self._read_rows(block[begins:], is_last=is_last)
        return table, begins + used

    def read_header(self, block: bytes, *, is_last: bool) -> int:
        """Take the names from the first record, if they are not known; return where it ends."""
        if self._names:
            return 0
        begins = self._skip(block)
        if begins == len(block):
            return begins
        end = block.index(b"\n", begins) + 1
        match = self._record.match(block, begins)
        if match and block.count(b"\n", begins, match.end()) <= LONGEST_HEADER:
            if match[1]:
                end = match.end()
            elif not is_last and len(block) < LONGEST_LINE:
                return begins
        following = block[end : block.find(b"\n", end) + 1].rstrip(b"\r\n")
        if not (following or is_last) and len(block) < LONGEST_LINE:
            return begins
        self._header = self._titles(block[begins:end].rstrip(b"\r\n") + b"\n")
        # records that end with a delimiter more than the header have one column more, an empty one
        if following.endswith(self._feed.delimiter.encode()):
            more = len(self._titles(following + b"\n")) - len(self._header)
            self._header += [""] * (more == 1)
        self._names = column_names(tuple(self._header))
        return end

    def _skip(self, block: bytes) -> int:
        """Return where the header begins: after blank lines, and those that the feed tells of."""
        header, begins = self._feed.header.encode(), 0
        while begins < len(block):
            blank = BLANK_LINES.match(block, begins)
            begins = blank.end() if blank else begins
            end = block.find(b"\n", begins) + 1
            line = block[begins:end]
            self._is_empty = self._is_empty and not line
            if not SEPARATOR_LINE.fullmatch(line) and line.lstrip(b'" \t').startswith(header):
                break
            begins = end or len(block)
        return begins

    def _titles(self, line: bytes) -> list[str]:
        """Return a header's values; where its quotes are wrong, they are part of them."""
        record = self._record.fullmatch(line)
        is_quoted_well = (record and record[1]) or self._lines.fullmatch(line)
        table = self._parse(line, self._feed.quote if is_quoted_well else "")
        return list(table.column_names)

    def _read_rows(self, block: bytes, *, is_last: bool) -> tuple[pa.Table, int]:
        """Return a block's rows and rejects, and how many of its bytes these are."""
        used = len(block)
        rejects: dict[int, str] = {}
        next_line = self.line + block.count(b"\n")
        starts = pa.arange(self.line, next_line)
        table, misfits = self._values(block)
        if not self._has_open_lines(block, table, misfits, len(starts)):
            self.line = next_line
        else:
            records, starts, rejects, used = self._frame(block, is_last=is_last)
            table, misfits = self._values(records)
            if table.num_rows + len(misfits) != len(starts):
                raise ValueError("its quotes cannot be told apart: check quote and escape")
        numbers = starts
        if misfits:
            places = pa.array(list(misfits), pa.int64())
            rejects |= zip(starts.take(places).to_pylist(), misfits.values(), strict=True)
            is_row = pc.invert(pc.is_in(pa.arange(0, len(starts)), places))
            numbers = starts.filter(is_row)
        table = self._without_headers(rows(self._names, table.columns, numbers))
        rejects = {number: text for number, text in sorted(rejects.items()) if text}
        table, rejects = self._without_what_is_no_record(table, rejects)
        if rejects:
            rejected = {
                "_line_number": pa.array(list(rejects), pa.int64()),
                "_reject": pa.array(list(rejects.values()), pa.string()),
            }
            table = pa.concat_tables([table, pa.table(rejected)], promote_options="default")
        return table, used

    def _values(self, block: bytes) -> tuple[pa.Table, dict[int, str]]:
        """Return a block's rows, and the records that do not fit, by their place in the block."""
        misfits: dict[int, str] = {}

        def skip(row: arrow_csv.InvalidRow) -> str:
            misfits[row.number - 1] = row.text
            return "skip"

        if not block:
            return pa.table({name: pa.array([], pa.string()) for name in self._names}), misfits
        return self._parse(block, self._feed.quote, self._names, skip), misfits

    def _parse(
        self,
        text: bytes,
        quote: str,
        names: Sequence[str] = (),
        handler: Callable[[arrow_csv.InvalidRow], str] | None = None,
    ) -> pa.Table:
        return arrow_csv.read_csv(
            pa.BufferReader(text),
            # One thread: only then are misfits numbered. The next block is read beside the copy.
            arrow_csv.ReadOptions(
                use_threads=False, column_names=list(names), block_size=len(text) + 1
            ),
            arrow_csv.ParseOptions(
                delimiter=self._feed.delimiter,
                quote_char=quote or False,
                escape_char=(quote and self._feed.escape) or False,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=handler,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )

    def _has_open_lines(
        self, block: bytes, table: pa.Table, misfits: dict[int, str], lines: int
    ) -> bool:
        """Say whether a record goes over lines, or the last one may end within quotes."""
        # Outside of quotes pyarrow takes a lone carriage return for the end of a line.
        if table.num_rows + len(misfits) != lines or LONE_RETURN.search(block):
            return True
        last = misfits.get(lines - 1)
        if last is not None:
            return bool(self._feed.quote) and self._feed.quote in last
        return table.num_rows > 0 and str(table.columns[-1][-1].as_py()).endswith("\n")

    def _frame(self, block: bytes, *, is_last: bool) -> tuple[bytes, pa.Array, dict[int, str], int]:
        """Find where each record ends.

        Returns:
            The records, the line that each begins on, the lines with a stray quote by number, and
            how many of the block's bytes all these are.
        """
        records: list[bytes] = []
        starts: list[int] = []
        rejects: dict[int, str] = {}
        position = 0
        while position < len(block):
            complete = self._lines.match(block, position)
            end = complete.end() if complete else position
            if end > position:
                records.append(block[position:end])
                starts += range(self.line, self.line + block.count(b"\n", position, end))
            elif (end := self._end_of_record(block, position, is_last=is_last)) > 0:
                records.append(block[position:end].rstrip(b"\r\n") + b"\n")
                starts.append(self.line)
            elif end == 0:
                break
            else:
                end = block.index(b"\n", position) + 1
                rejects[self.line] = block[position:end].rstrip(b"\r\n").decode()
            self.line += block.count(b"\n", position, end)
            position = end
        return b"".join(records), pa.array(starts, pa.int64()), rejects, position

    def _end_of_record(self, block: bytes, start: int, *, is_last: bool) -> int:
        """Return where a record ends: 0 if only the next block says it, -1 if it is no record."""
        match = self._record.match(block, start)
        if match is None:
            return -1
        inside = block[block.index(b"\n", start) + 1 : match.end()].splitlines()
        if match[1]:
            inside = inside[:-1]
        if len(inside) > LONGEST_RECORD or self._are_rows(inside):
            return -1
        if match[1]:
            return match.end()
        return -1 if is_last or len(block) - start > LONGEST_LINE else 0

    def _are_rows(self, inside: Sequence[bytes]) -> bool:
        """Say whether lines between two quotes are rows: most are as wide as the header."""
        width = len(self._names)
        # a line of prose is seldom as wide as four columns: there one is enough
        if width == 1 or len(inside) < (FEW_LINES if width < 4 else 1):
            return False
        delimiter = self._feed.delimiter.encode()
        return 2 * sum(line.count(delimiter) == width - 1 for line in inside) > len(inside)

    def _without_what_is_no_record(
        self, table: pa.Table, rejects: dict[int, str]
    ) -> tuple[pa.Table, dict[int, str]]:
        """Take out and count the lines whose beginning `not_records` names."""
        beginnings = tuple(self._feed.not_records)
        if not beginnings:
            return table, rejects
        records = table.filter(
            pc.invert(reduce(pc.or_, (self._begins(table, text) for text in beginnings)))
        )
        kept = {
            number: text
            for number, text in rejects.items()
            if not (text.startswith(beginnings) or text.lstrip(' \t"').startswith(beginnings))
        }
        self.left_out += len(table) - len(records) + len(rejects) - len(kept)
        return records, kept

    def _begins(self, table: pa.Table, beginning: str) -> pa.Array:
        """Say which rows begin with a text, which may go over several values."""
        *before, last = beginning.split(self._feed.delimiter)[: len(self._names)]
        names = self._names[: len(before) + 1]
        values = [pc.utf8_ltrim_whitespace(table[name]) for name in names]
        is_so = pc.starts_with(values[len(before)], last)
        for value, text in zip(values, before, strict=False):
            is_so = pc.and_(is_so, pc.equal(pc.utf8_rtrim_whitespace(value), text.strip()))
        # the first value may have a delimiter in it
        return pc.or_(is_so, pc.starts_with(values[0], beginning))

    def _without_headers(self, table: pa.Table) -> pa.Table:
        """Return rows without those that hold nothing at all, or the header once more."""
        nothing = [""] * len(self._names)
        unwanted = [nothing, self._header] if self._header else [nothing]
        firsts = pa.array([values[0] for values in unwanted], pa.string())
        if not pc.any(pc.is_in(table[self._names[0]], firsts)).as_py():
            return table
        for values in unwanted:
            columns = zip(self._names, values, strict=True)
            matches = reduce(pc.and_, (pc.equal(table[name], value) for name, value in columns))
            table = table.filter(pc.invert(matches))
        return table
