"""Files in a bucket: folders on disk, S3, Azure or Google Cloud, by URL (fsspec).

A feed is a set of files of one kind. How its files are written is declared in `.dlt/config.toml`;
what they hold lands as text, one table per feed, and is judged in SQL.

Why files are read this way, and not by dlt's filesystem source:

- dlt lists and authenticates; it reads each file into its own load package on disk and merges by a
  second copy. That is two to three times the cost of `COPY`, and it has neither line numbers nor
  rejects. Here a file streams through pyarrow straight into the table, in one transaction.
- A file is cut into blocks that end with a line, outside of quotes, so every block's first line
  number is known and no more than a few blocks are ever in memory.
- pyarrow's parser hands back each line that does not fit the header, but forgives stray quotes and
  takes what lies between two of them for a value. So a block whose quotes do not come in pairs, or
  in which a value goes over lines that it should not, goes through Python's own parser, record by
  record: there a stray quote costs its own line.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any, BinaryIO

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from dlt.common.configuration import resolve_configuration
from dlt.common.normalizers.naming.snake_case import NamingConvention
from dlt.common.storages.configuration import FilesystemConfiguration
from dlt.common.storages.fsspec_filesystem import MTIME_DISPATCH, fsspec_from_config

from ingest import warehouse as warehouse_module
from ingest.sources import pos
from ingest.warehouse import PROJECT_DIR, WarehouseError

CONFIG_FILE = pos.CONFIG_FILE
BLOCK_BYTES = 4 << 20
LONGEST_LINE = 2 * BLOCK_BYTES
LONGEST_RECORD = 1_000
"""Lines that a quoted value may go over where quotes are not in pairs; more is a stray quote."""

FEW_LINES = 3
"""In a feed of two or three columns: from so many lines within a value on, most of them as wide as
the header, they are rows."""

SMALL_BLOCK = 32 << 10
"""Below this Python's parser is the faster one: pyarrow's takes most of a millisecond to begin."""

LONGEST_HEADER = 20
"""Lines that a header's quoted titles may go over."""

MOST_PACKINGS = 3
"""So many packings are taken off; there are files that never end to be packed."""

BATCH_ROWS = 65_536
BRANCH = "{branch_id}"
OWN_COLUMNS = (
    "branch_id",
    "_file_name",
    "_line_number",
    "_reject",
    "_deleted_at",
    "_dlt_load_id",
)
"""What the raw tables have beyond the files' columns."""

SYSTEM_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
"""What each of Postgres' tables has by itself."""

_NAMES = NamingConvention(63)
csv.field_size_limit(LONGEST_LINE)


class FeedError(WarehouseError):
    """A feed or a file cannot be read; the message says which, why and what to do."""


@dataclass(frozen=True)
class Totals:
    """The day totals that a till exports beside its sales: what the sales are held against.

    Attributes:
        feed: the feed that the totals come in, with one line per business day.
        date: the column of both feeds that holds the day, as landed.
        totals_date: the totals' column with the day, where they call it otherwise.
        time: the sales feed's column with the time of day; None where `date` is the business day.
        order: the sales feed's column with the order's number.
        quantity: its column with the quantity.
        unit_price: its column with the price of one.
        figures: the totals' columns, by the figure of `ingest.reconcile.FIGURES` that each holds.
    """

    feed: str
    date: str
    order: str
    quantity: str
    unit_price: str
    figures: Mapping[str, str]
    time: str | None = None
    totals_date: str | None = None

    @property
    def day(self) -> str:
        """The totals' column with the day."""
        return self.totals_date or self.date

    @property
    def columns(self) -> list[str]:
        """The totals' columns that are declared."""
        return [self.day, *self.figures.values()]


@dataclass(frozen=True)
class Feed:
    """Files of one kind: where they are, how they are written, and what only SQL must know.

    Attributes:
        name: the feed's name, and its raw table's.
        url: the folder, as fsspec reads it.
        files: a pattern below it; `{branch_id}` in it stands for the branch that a file is of.
        format: "csv" or "parquet".
        branch: the branch that all files are of, where the pattern does not say it.
        encoding: of the text; a byte-order mark is taken off.
        delimiter: between two values, one character.
        quote: around values, one character; empty where values are never quoted.
        escape: before a quote within a value; empty where it is doubled.
        columns: the columns' names, for files without a header.
        decimal_separator: within numbers.
        thousands_separator: within numbers; empty for none.
        currency_sign: beside amounts; empty for none.
        date_format: of days, in the letters YYYY, MM and DD.
        time_format: of times of day, in the letters HH24, MI and SS.
        negative_quantity: "refund", or "error" where there should be none.
        totals: what the feed's sales are reconciled with.
    """

    name: str
    url: str
    files: str
    format: str = "csv"
    branch: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    columns: tuple[str, ...] = ()
    decimal_separator: str = "."
    thousands_separator: str = ""
    currency_sign: str = ""
    date_format: str = "YYYY-MM-DD"
    time_format: str = "HH24:MI:SS"
    negative_quantity: str = "error"
    totals: Totals | None = None

    @property
    def section(self) -> str:
        """Where the feed is declared, for messages."""
        return f"[sources.files.feeds.{self.name}] in {CONFIG_FILE}"

    @property
    def parsing(self) -> str:
        """What decides which rows a file's bytes become; by other options they are read again."""
        return json.dumps(
            [self.format, self.encoding, self.delimiter, self.quote, self.escape, *self.columns]
        )


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was listed.

    Attributes:
        name: its path below the feed's folder.
        path: its path as the file system takes it.
        branch_id: the branch that it is of, if any.
        size: in bytes.
        modified_at: when it was last written.
        etag: the store's own mark of its content; None on disk.
        inode: the file on disk: another one after a replacement.
    """

    name: str
    path: str
    branch_id: str | None
    size: int
    modified_at: datetime
    etag: str | None
    inode: int | None = None

    @property
    def version(self) -> tuple[int, datetime, str | None]:
        """What tells this content from another of the same name."""
        return self.size, self.modified_at, self.etag


@dataclass
class Reading:
    """What one reading of a file found.

    Attributes:
        file: the file, as it was listed before it was read.
        lines: rows landed, rejects among them.
        rejects: lines that do not fit the header.
        notes: what a person should know although the file was read.
        error: one sentence, where it could not be read to its end.
        changed: the file as it is now, where it changed while it was read.
    """

    file: File
    lines: int = 0
    rejects: int = 0
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    changed: File | None = None


def configured_feeds(branches: Sequence[str] | None = None) -> list[Feed]:
    """Read from dlt's configuration which feeds there are.

    Args:
        branches: only feeds that hold files of these; default all.

    Returns:
        The feeds, in the order of the configuration.

    Raises:
        FeedError: a feed that is not declared completely and correctly.
    """
    section: dict[str, Any] = dlt.config.get("sources.files.feeds") or {}
    feeds = []
    for name, declared in section.items():
        key = f"sources.files.feeds.{name}.url"
        url: Any = dlt.secrets.get(key) or dlt.config.get(key)
        feeds.append(declared_feed(name, {**declared, **({"url": str(url)} if url else {})}))
    known = {feed.name: feed for feed in feeds}
    for feed in feeds:
        if feed.totals and (
            feed.branch is None
            or known.get(feed.totals.feed, feed).branch != feed.branch
            or feed.totals.feed not in known
        ):
            raise FeedError(
                f"The totals of the feed {feed.name} should come in the feed {feed.totals.feed!r}, "
                f"which is no feed of the same branch: correct {feed.section}."
            )
    exporting: dict[str | None, Feed] = {}
    for feed in feeds:
        if feed.totals and exporting.setdefault(feed.branch, feed) is not feed:
            raise FeedError(
                f"The feeds {exporting[feed.branch].name} and {feed.name} are both the export of "
                f"{feed.branch}, and a branch's day has one total: let one feed's `files` match "
                f"the files of both tills, or give the second till its own branch: {feed.section}."
            )
    return [
        feed
        for feed in feeds
        if not branches or feed.branch in branches or (BRANCH in feed.files and not feed.branch)
    ]


def declared_feed(name: str, declared: Mapping[str, Any]) -> Feed:
    """Return a feed as it is declared, checked.

    Args:
        name: the feed's name.
        declared: its section of the configuration.

    Raises:
        FeedError: an unknown or missing key, or a value that means nothing.
    """
    section = f"[sources.files.feeds.{name}] in {CONFIG_FILE}"

    def refuse(what: str) -> FeedError:
        return FeedError(f"The feed {name} {what}: correct {section}.")

    if not re.fullmatch("[a-z][a-z0-9_]{0,50}", name):
        raise refuse("has a name that is no table's (small letters, digits, underscores)")
    values = dict(declared)
    if values.pop("sample", False) and "url" not in values:
        values["url"] = str(warehouse_module.warehouse_dir() / "sample" / "bucket")
    _check_keys(values, Feed, refuse)
    if "totals" in values:
        _check_keys(values["totals"], Totals, refuse, ".totals")
        values["totals"] = Totals(**values["totals"])
    if "columns" in values:
        values["columns"] = tuple(values["columns"])
    feed = Feed(name=name, **values)
    if feed.format not in ("csv", "parquet"):
        raise refuse(f'has the format {feed.format!r}, which is neither "csv" nor "parquet"')
    if feed.branch is not None and feed.branch not in pos.branches():
        raise refuse(
            f"is of a branch {feed.branch!r} that seeds/branches.csv does not know "
            f"(known: {', '.join(pos.branches())})"
        )
    if len(feed.delimiter) != 1 or len(feed.quote) > 1 or len(feed.escape) > 1:
        raise refuse("has a delimiter, quote or escape that is not one character")
    if not (feed.delimiter + feed.quote + feed.escape).isascii():
        raise refuse("has a delimiter, quote or escape that is no ASCII character")
    if feed.files.count(BRANCH) > 1:
        raise refuse(f"has {BRANCH} more than once in its pattern {feed.files!r}")
    if BRANCH in feed.files and not feed.branch and re.search(r"[\[\]]", feed.files):
        raise refuse(
            f"has [ ] beside {BRANCH} in its pattern {feed.files!r}, where only * and ? may stand"
        )
    if feed.negative_quantity not in ("refund", "error"):
        raise refuse('has a negative_quantity that is neither "refund" nor "error"')
    if any(feed.date_format.count(part) != 1 for part in ("YYYY", "MM", "DD")):
        raise refuse(f"has the date_format {feed.date_format!r}, which lacks YYYY, MM or DD")
    try:
        codecs.lookup(feed.encoding)
    except LookupError:
        raise refuse(f"has an encoding {feed.encoding!r} that Python does not know") from None
    if "://" not in feed.url:
        feed = replace(feed, url=str(PROJECT_DIR / feed.url))
    return feed


def _check_keys(values: Mapping[str, Any], kind: type, refuse: Any, where: str = "") -> None:
    """Raise unless the keys are those of a dataclass, and none is missing that it needs."""
    known = {one.name: one for one in fields(kind) if one.name != "name"}
    for key in values:
        if key not in known:
            raise refuse(f"has a key{where} {key!r} that means nothing (known: {', '.join(known)})")
    for key, one in known.items():
        if key not in values and one.default is MISSING and one.default_factory is MISSING:
            hint = " (or sample = true)" if key == "url" else ""
            raise refuse(f"has no {key}{hint}{where and f' in {where[1:]}'}")


class Bucket:
    """A feed's folder, opened."""

    def __init__(self, feed: Feed) -> None:
        """Open the folder, with the credentials of dlt's configuration.

        Args:
            feed: the feed; its credentials stand in its own section or in [sources.files].

        Raises:
            FeedError: no driver for the URL's kind, or no credentials.
        """
        self.feed = feed
        self._secrets: list[str] = []
        try:
            config = resolve_configuration(
                FilesystemConfiguration(bucket_url=feed.url),
                sections=("sources", "files", "feeds", feed.name),
            )
            self._secrets = [
                str(value)
                for name, value in dict(config.credentials or {}).items()
                if value and re.search("secret|key|token|password|signature", name)
            ]
            self._system, root = fsspec_from_config(config)
        except Exception as error:
            raise self.problem(error) from None
        self._root = root.rstrip("/")
        self._modified: Any = MTIME_DISPATCH.get(config.protocol, MTIME_DISPATCH["file"])
        pattern = re.escape(feed.files).replace(re.escape(BRANCH), "(?P<branch>[^/]+)", 1)
        self._branch = re.compile(re.sub(r"(\\\*)+/?|\\\?", ".*", pattern))

    def problem(self, error: Exception, file: File | None = None) -> FeedError:
        """Return one sentence on why the folder or a file cannot be read, without secrets."""
        if isinstance(error, FeedError):
            return error
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = f"{type(error).__name__}: {lines[0].rstrip('.') if lines else 'no message'}"
        for secret in self._secrets:
            reason = reason.replace(secret, "***")
        if file is None:
            return FeedError(
                f"The files of the feed {self.feed.name} at {self.feed.url} cannot be read "
                f"({reason}): check the url in {self.feed.section} and its credentials in "
                ".dlt/secrets.toml; the next run catches up."
            )
        return FeedError(
            f"The file {file.name} of the feed {self.feed.name} cannot be read ({reason}): replace "
            "it; the next run reads it again."
        )

    def files(self) -> Iterator[File]:
        """Yield the files that there are, in the order of their names.

        Raises:
            FeedError: the folder cannot be listed.
        """
        pattern = f"{self._root}/{self.feed.files.replace(BRANCH, '*')}"
        try:
            self._system.invalidate_cache()
            found: dict[str, dict[str, Any]] = self._system.glob(pattern, detail=True)
            if not found:  # no folder is a mistake; an empty one is not
                self._system.ls(self._root)
        except Exception as error:
            raise self.problem(error) from None
        for path, info in sorted(found.items()):
            if info["type"] == "file":
                yield self._file(path, info)

    def now(self, file: File) -> File:
        """Return a file as it is now; one that is gone raises FileNotFoundError."""
        self._system.invalidate_cache()
        return self._file(file.path, self._system.info(file.path))

    def _file(self, path: str, info: dict[str, Any]) -> File:
        # Bytes of a name that are no UTF-8 are text for the file system only.
        name = path[len(self._root) + 1 :].encode(errors="backslashreplace").decode()
        branch_id = self.feed.branch
        if branch_id is None and BRANCH in self.feed.files:
            match = self._branch.fullmatch(name)
            branch_id = match["branch"] if match else None
        modified_at = self._modified(info)
        return File(
            name=name,
            path=path,
            branch_id=branch_id,
            size=int(info["size"]),
            modified_at=datetime.fromtimestamp(modified_at.timestamp(), UTC),
            etag=info.get("ETag") or info.get("etag") or info.get("md5Hash"),
            inode=info.get("ino"),
        )

    def read(self, file: File, reading: Reading) -> Iterator[pa.Table]:
        """Yield the rows of a file, all values as text, with their line numbers.

        Args:
            file: the file, as listed.
            reading: filled with what was found; a problem is noted there, too, not raised.
        """
        if file.branch_id is not None and file.branch_id not in pos.branches():
            reading.error = (
                f"The file {file.name} of the feed {self.feed.name} is of a branch "
                f"{file.branch_id!r} that seeds/branches.csv does not know: rename the file, or "
                "add the branch."
            )
            return
        try:
            with self._system.open(file.path, "rb") as raw:
                read = read_parquet if self.feed.format == "parquet" else read_csv
                for table in read(raw, self.feed, reading):
                    reading.lines += table.num_rows
                    if table.num_rows:
                        yield _with_file(table, file)
            now = self.now(file)
            if now != file:
                reading.changed = now
        except Exception as error:
            try:  # a file that was replaced meanwhile is read again, whatever its old half said
                now = self.now(file)
                reading.changed = now if now != file else None
            except Exception:
                reading.changed = None
            reading.error = None if reading.changed else str(self.problem(error, file))


def _with_file(table: pa.Table, file: File) -> pa.Table:
    rows = table.num_rows
    own = {
        "branch_id": pa.array([file.branch_id], pa.string()).take(pa.repeat(0, rows)),
        "_file_name": pa.repeat(file.name, rows),
    }
    return pa.table({**own, **dict(zip(table.column_names, table.columns, strict=True))})


def read_parquet(raw: BinaryIO, feed: Feed, _reading: Reading) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file as text; the line number is the row's.

    Args:
        raw: the opened file.
        feed: its feed.
    """
    with pq.ParquetFile(raw) as parquet:
        names = column_names(tuple(parquet.schema_arrow.names))
        first = 1
        for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
            columns = []
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                try:
                    text = _as_written(column)
                except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
                    raise FeedError(
                        f"A file of the feed {feed.name} has a column {name!r} of the type "
                        f"{column.type}, which is no text: let the sender write plain values."
                    ) from None
                columns.append(pc.replace_substring(text, "\0", "\\x00"))
            yield _table(names, columns, range(first, first + batch.num_rows), {})
            first += batch.num_rows


def _as_written(column: pa.Array) -> pa.Array:
    """Return values as text; a float with the digits that it is sure of: 0.3, not 0.30…04."""
    digits = {pa.float64(): 15, pa.float32(): 6, pa.float16(): 3}.get(column.type)
    if digits is None:
        return column.cast(pa.string())
    values = column.to_pylist()
    return pa.array(
        [None if each is None else f"{each:.{digits}g}" for each in values], pa.string()
    )


def read_csv(raw: BinaryIO, feed: Feed, reading: Reading) -> Iterator[pa.Table]:
    """Yield the rows of a CSV file as text, and among them the lines that do not fit the header.

    Args:
        raw: the opened file: plain, gzip, zstd, or a zip archive of one file.
        feed: its feed, which knows the dialect.
        reading: told of rejects and of bytes that are no text.
    """
    names, header, first = feed.columns, None, 1
    for block, is_paired in _blocks(_unpacked(raw), feed, reading):
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
        yield _table(names, *_without_headers(table.columns, numbers, header), rejects)
        first += rest.count(b"\n")


def _header(block: bytes, feed: Feed) -> tuple[list[str], int]:
    """Return the first record's values, none where its line is empty, and its lines."""
    lines = [line.decode() + "\n" for line in block.split(b"\n", LONGEST_HEADER)[:LONGEST_HEADER]]
    if not lines[0].strip():
        return [], 1
    dialect = _python_dialect(feed)
    header, height = _record(lines, 0, LONGEST_HEADER, dialect, width=0)
    return header or next(csv.reader([lines[0].strip("\r\n")], **dialect)), height


def _table(
    names: Sequence[str], columns: Sequence[Any], numbers: Sequence[int], rejects: Mapping[int, str]
) -> pa.Table:
    """Return rows with their line numbers, and after them the rejects with theirs."""
    if isinstance(numbers, range) and not rejects:
        line = pa.arange(numbers.start, numbers.stop)
    else:
        line = pa.array([*numbers, *rejects], pa.int64())
    reject = pa.nulls(len(numbers), pa.string())
    if rejects:
        nothing = pa.nulls(len(rejects), pa.string())
        columns = [pa.chunked_array([*_chunks(column), nothing]) for column in columns]
        reject = pa.chunked_array([reject, pa.array(rejects.values(), pa.string())])
    return pa.table([line, reject, *columns], ["_line_number", "_reject", *names])


def _chunks(column: Any) -> list[Any]:
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


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


def _unpacked(raw: BinaryIO) -> Any:
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


def _blocks(stream: Any, feed: Feed, reading: Reading) -> Iterator[tuple[bytes, bool]]:
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


@lru_cache
def column_names(header: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that a file's columns have in the warehouse: small ASCII letters.

    Args:
        header: the names as the file has them.
    """
    names: list[str] = []
    for position, title in enumerate(header, start=1):
        plain = unicodedata.normalize("NFKD", title.replace("ß", "ss"))
        plain = re.sub(r"[^0-9A-Za-z_]+", " ", plain.encode("ascii", "ignore").decode()).strip()
        name = _NAMES.normalize_identifier(plain) if plain else f"column_{position}"
        candidate, copy = name, 2
        while candidate in (*names, *OWN_COLUMNS, *SYSTEM_COLUMNS):
            candidate, copy = f"{name[: 62 - len(str(copy))]}_{copy}", copy + 1
        names.append(candidate)
    return tuple(names)
