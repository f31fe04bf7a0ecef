"""One feed in one run: what is new or changed lands, and the load is recorded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
from psycopg import sql

from ingest.loads import packages, record
from ingest.loads.branches import branches
from ingest.loads.source import Compared, LoadResult, Session, Window
from ingest.loads.statements import Statements
from ingest.sources.files import land
from ingest.sources.files.bucket import Bucket, File, Reading
from ingest.sources.files.columns import OWN_COLUMNS
from ingest.sources.files.feed import Feed
from ingest.warehouse import WarehouseError, reason

STATEMENTS = Statements(__file__)
COPIED = re.compile(
    r"(?i)^(?P<folder>(?:.*/)?)(?:(?:kopie von|copy of|copie de|copia de|kopia|kopie av) +)?"
    r"(?P<name>[^/]*?)(?: ?\(\d+\)|(?: -)? (?:copy|kopie|copie|copia|kopia)(?: ?\(?\d+\)?)?)?"
    r"(?P<ending>(?:\.[a-z0-9]+)*)$"
)
"""What a browser or a file manager adds to the name of a file that is there already."""

SHOWN_FILES = 5
"""So many of the files that failed are named beside the first."""


MOST_VALUES = 2_000
"""So many values of a file are tried in other dialects: of a wide file, fewer lines."""

DELIMITERS = ";\t|,"
"""What may divide lines, the likeliest first: a comma may be in numbers, too."""


@dataclass(frozen=True)
class WrongFeed:
    """A feed that is declared wrongly: one finding, beside which all other feeds come in.

    Attributes:
        session: where the finding is recorded.
        name: the feed's name.
        problem: one sentence on what is wrong.
    """

    session: Session
    name: str
    problem: str
    branch_id: str | None = None

    def read(self) -> LoadResult:
        """Record the finding as a load that failed."""
        detail = {"feed": self.name}
        with record.load(self.session.connection, "files", None, "incremental", detail) as entry:
            entry.tables[self.name] = {"rows": 0}
            entry.error = self.problem
        return entry.result

    def compare(self, window: Window) -> Compared:
        """Say once more what is wrong."""
        del window
        return Compared(self.name, problem=self.problem)


@dataclass(frozen=True)
class FeedVisit:
    """One feed in one run.

    Attributes:
        session: where to.
        feed: the feed.
        expected: the columns that models or totals read of it; its first file says it otherwise.
        is_modelled: whether the models read it.
        branches: only files of these; None is all.
        redeclared: the feeds whose dialect is new or another one.
        is_unread: whether no model reads it, nor is it the totals of another one.
    """

    session: Session
    feed: Feed
    expected: Sequence[str]
    is_modelled: bool
    branches: Sequence[str] | None
    redeclared: Collection[str]
    is_unread: bool = field(default=False, kw_only=True)

    @property
    def name(self) -> str:
        """The feed's name."""
        return self.feed.name

    @property
    def branch_id(self) -> str | None:
        """The branch that all of its files are of, if one."""
        return self.feed.branch

    def read(self, again: Sequence[str] = ()) -> LoadResult:
        """Land what is new or changed, and record the load in audit.loads.

        Args:
            again: the names of files to be read although they did not change: a heal.
        """
        feed, connection = self.feed, self.session.connection
        loaded = packages.last_complete(connection, land.RAW, land.schema_name(feed))
        kind = "heal" if again else "incremental" if loaded else "initial"
        with record.load(connection, "files", feed.branch, kind, {"feed": feed.name}) as entry:
            try:
                self._land(again, entry)
            except WarehouseError as error:
                entry.error = str(error)
            except Exception as error:  # one feed's trouble stays with that feed
                entry.error = f"The feed {feed.name} could not be landed: {reason(error)}."
        # what has landed can be compared, also where a file beside it is bad
        return replace(entry.result, can_compare=True)

    def compare(self, window: Window) -> Compared:
        """Compare nothing: files have no second figure of their own."""
        del window
        return Compared(self.name)

    def _land(self, again: Sequence[str], entry: record.Entry) -> None:
        feed, connection = self.feed, self.session.connection
        bucket = Bucket(feed)
        known = land.known_files(connection, feed)
        known |= {name: known[name]._replace(end=None) for name in again if name in known}
        present = [
            file
            for file in bucket.files()
            if not self.branches or file.branch_id is None or file.branch_id in self.branches
        ]
        wanted = [
            file
            for file in present
            if file.name in again or file.name not in known or not known[file.name].is_same(file)
        ]
        readings: Sequence[Reading] = ()
        new: Sequence[str] = ()
        if wanted:
            before = land.columns(connection, feed)
            entry.load_id = packages.new_load_id(connection, land.RAW)
            load = land.Load(entry.load_id, connection, bucket, known, self.expected)
            readings = load.land(wanted)
            if entry.kind != "initial":
                new = [name for name in land.columns(connection, feed) if name not in before]
        entry.row_count = sum(reading.lines for reading in readings)
        entry.tables[feed.name] = {
            "rows": entry.row_count,
            "files": sum(1 for reading in readings if not reading.error),
            "rejects": sum(reading.rejects for reading in readings),
        }
        read = [reading.file.name for reading in readings if reading.is_whole]
        came = [name for name in read if name not in known or not known[name].is_current]
        gone = self._mark_vanished(present, came)
        entry.error = _problem([reading for reading in readings if reading.error])
        entry.notes = (
            *self._unread(),
            *self._notes(readings, gone, new, [file.name for file in present]),
            *self._mistakes(entry.load_id, readings, [file.name for file in present]),
        )
        if bucket.near:
            sentence = (
                f"{len(bucket.near)} file(s) beside those of the feed {self.name} are not read, "
                f"as files = {feed.files!r} does not match them, first {bucket.near[0]}: rename "
                f"them, or correct files in {feed.section}."
            )
            entry.notes = (*entry.notes, sentence)
        if not (present or self.branches) and (others := bucket.others()):
            sentence = (
                f"No file of the feed {self.name} matches {feed.files!r} in {feed.url}, which has "
                f"{', '.join(others[:SHOWN_FILES])}: correct files in {feed.section}."
            )
            # totals, which no model reads, and files of several branches may come later than others
            if self.is_modelled and not feed.takes_branch_from_path:
                entry.error = sentence
            else:
                entry.notes = (*entry.notes, sentence)

    def _unread(self) -> Iterator[str]:
        """Yield that no model reads the feed, and that nothing says the branch of its lines."""
        feed = self.feed
        if self.is_unread:
            yield (
                f"The feed {self.name} lands, and nothing of it is published: no model reads it. "
                "Write one, and list the feed: docs/how-to/add-a-till.md (sales) and "
                "docs/how-to/add-files.md (all else) show how."
            )
            if not (feed.branch or feed.branch_column or feed.takes_branch_from_path):
                yield (
                    f"Nothing says the branch of the lines of the feed {self.name}: give branch, "
                    f"branch_column or {{branch_id}} in files in {feed.section}."
                )

    def _mistakes(
        self, load_id: str | None, readings: Sequence[Reading], present: Sequence[str]
    ) -> Iterator[str]:
        """Yield what is declared otherwise than it is written: sentences with file, line, column.

        Args:
            load_id: of the rows that have just landed, if any.
            readings: the files that they are of.
            present: the names of all files of the feed.
        """
        feed, connection = self.feed, self.session.connection
        if feed.branch_column and (load_id or self.is_unread):
            # what nothing reads waits in no quarantine: all of it is looked at, each time
            yield from self._unknown_branches(None if self.is_unread else load_id)
        files = [reading.file.name for reading in readings if not reading.track.since]
        if feed.name in self.redeclared:
            files += [name for name in present if name not in files]
        landed = land.columns(connection, feed)
        if len(landed) == 1 and files and feed.format == "csv":
            yield from self._wrong_delimiter(files[0], landed[0])
        elif files and landed:
            read = self.expected or landed
            yield from self._misread(files, [name for name in read if name in landed])

    def _unknown_branches(self, load_id: str | None) -> Iterator[str]:
        """Yield which words for a branch are not known, each with its first line."""
        feed, table = self.feed, sql.Identifier(land.RAW, self.name)
        values = {"load_id": load_id, "known": list(branches()), "own": list(OWN_COLUMNS)}
        statement = STATEMENTS("unknown_branches", table=table)
        lines = self.session.connection.execute(statement, values).fetchall()
        if not lines:
            return
        from ingest.sources.files.tried import are_totals

        told = [[w] if w.strip() else filter(None, texts.values()) for w, *_, texts in lines]
        # the model leaves a line of totals out, which may have no branch
        judged = zip(lines, are_totals(told), strict=True)
        others = [line for line, is_total in judged if not is_total]
        first = {word: (file, line) for word, file, line, _ in reversed(others)}
        for word, (file, line) in sorted(first.items())[:SHOWN_FILES]:
            yield (
                f"The column {feed.branch_column} of the file {file} has {word!r} in line "
                f"{line}, which is no branch of seeds/branches.csv: add it there, or name it "
                f"in branches in {feed.section}."
            )

    def _misread(self, files: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
        """Yield which columns are written otherwise than declared."""
        if not wanted:
            return
        # for the start-up time: DuckDB takes a tenth of a second
        from ingest.sources.files.check import misread

        names = ["_file_name", "_line_number", "_reject", *wanted]
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        table = sql.Identifier(land.RAW, self.name)
        statement = STATEMENTS("some_lines", table=table, columns=columns)
        limit = min(200, max(20, MOST_VALUES // len(wanted)))
        said: dict[str, str] = {}
        # a dialect may change from one file to the next
        for file in files[:: -(-len(files) // SHOWN_FILES)]:
            values = {"file": file, "most": limit}
            if rows := self.session.connection.execute(statement, values).fetchall():
                _, numbers, *texts = zip(*rows, strict=True)
                # a column may have no value
                arrays = [pa.array(numbers), *(pa.array(each, pa.string()) for each in texts)]
                lines = pa.table(arrays, names[1:])
                said = {
                    sentence.partition(" of the file ")[0]: sentence
                    for sentence in misread(self.feed, file, lines, is_read=bool(self.expected))
                } | said
        yield from said.values()

    def _rejects(self, readings: Sequence[Reading]) -> Iterator[str]:
        """Yield how many lines are no records, and what is wrong with the first."""
        if not readings:
            return
        first = readings[0].file.name
        statement = STATEMENTS("first_reject", table=sql.Identifier(land.RAW, self.name))
        row = self.session.connection.execute(statement, {"file": first}).fetchone()
        where = f"first in {first}"
        if row:
            line, text = row
            where += f", line {line}, {_why_rejected(self.feed, text, readings[0].width)}"
        place = "in quarantine" if self.is_modelled else "in its column _reject"
        yield (
            f"{sum(one.rejects for one in readings)} line(s) of the feed {self.name} cannot be "
            f"read as records and are {place}, {where}."
        )

    def _wrong_delimiter(self, file: str, column: str) -> Iterator[str]:
        """Yield by what the lines of a file could be divided, where it has only one column."""
        table = sql.Identifier(land.RAW, self.name)
        statement = STATEMENTS("some_texts", table=table, column=sql.Identifier(column))
        rows = self.session.connection.execute(statement, {"file": file}).fetchall()
        texts = [text for (text,) in rows if text]
        for delimiter in DELIMITERS.replace(self.feed.delimiter, ""):
            counts = Counter(text.count(delimiter) for text in texts)
            (often, lines), *_ = counts.most_common(1) or [(0, 0)]
            if often and lines >= 0.8 * len(texts):
                yield (
                    f"The file {file} of the feed {self.name} has only one column, {column}, and "
                    f"{delimiter!r} in its lines: correct delimiter = {self.feed.delimiter!r} in "
                    f"{self.feed.section}."
                )
                break

    def _mark_vanished(self, present: Sequence[File], came: Sequence[str]) -> dict[str, str | None]:
        """Write down which files are gone from the bucket, and take out the rows of renamed ones.

        Args:
            present: the files that there are.
            came: the names of those that have just been read.

        Returns:
            Those that went just now, each with its new name where it was renamed.
        """
        connection = self.session.connection
        values = {
            "feed": self.name,
            "present": [file.name for file in present],
            "came": came,
            "branches": list(self.branches) if self.branches else None,
        }
        with connection.transaction():
            gone: dict[str, str | None] = dict(
                connection.execute(STATEMENTS("mark_vanished"), values).fetchall()
            )
            if renamed := [name for name, new in gone.items() if new]:
                load_id = packages.new_load_id(connection, land.RAW)
                table = sql.Identifier(land.RAW, self.name)
                columns = land.columns(connection, self.feed)
                delete = STATEMENTS("delete_files", table=table, load_id=sql.Literal(load_id),
                                    emptied=land.emptied(self.feed, columns),
                                    names=sql.Literal(renamed))  # fmt: skip
                connection.execute(delete)
                packages.complete(connection, land.RAW, land.schema_name(self.feed), load_id)
        return dict(sorted(gone.items()))

    def _notes(
        self,
        readings: Sequence[Reading],
        gone: Mapping[str, str | None],
        new: Sequence[str],
        present: Sequence[str],
    ) -> Iterator[str]:
        """Yield what a person should know of a load: sentences on files, columns and lines."""
        for reading in readings:
            first = COPIED.sub(r"\g<folder>\g<name>\g<ending>", reading.file.name)
            if first != reading.file.name and first in present:
                yield (
                    f"The file {reading.file.name} of the feed {self.name} looks like a second "
                    f"download or a copy of {first}, and both are read: if they hold the same, "
                    "they count twice: take the lines out of one, but leave its header (a file "
                    "that is removed keeps its rows)."
                )
        for name, renamed in gone.items():
            if renamed:
                yield f"The file {name} of the feed {self.name} is called {renamed} now."
        if removed := [name for name, renamed in gone.items() if not renamed]:
            yield (
                f"{len(removed)} file(s) of the feed {self.name} were removed from the bucket, "
                f"first {removed[0]}; their rows stay."
            )
        if new:
            yield f"New columns in the feed {self.name}: {', '.join(new)}."
        for reading in readings:
            yield from reading.notes
        yield from self._rejects([one for one in readings if one.rejects and not one.error])
        for reading in readings:
            if reading.changed:
                yield (
                    f"The file {reading.file.name} of the feed {self.name} kept changing while it "
                    "was read: the next run will read it again."
                )


def _why_rejected(feed: Feed, text: str, width: int) -> str:
    """Return what is wrong with a line that is no record, and which option may be."""
    if feed.format != "csv":
        return f"which is no {feed.format} object"
    values = text.count(feed.delimiter) + 1
    if feed.quote and text.count(feed.quote) % 2:
        return f"which has a quote too few or too many: correct it, or quote in {feed.section}"
    how = "more" if values > width else "fewer" if values < width else "other"
    return (
        f"which has {how} values than the header ({values}, not {width}): correct it, or "
        f"delimiter, quote or not_records in {feed.section}"
    )


def _problem(failed: Sequence[Reading]) -> str | None:
    """Return the first file's error, and which others have one."""
    if not failed:
        return None
    names = [reading.file.name for reading in failed[1:]]
    others = ", ".join(names[:SHOWN_FILES]) + (", …" if len(names) > SHOWN_FILES else "")
    more = f" {len(names)} other file(s) of the feed cannot be loaded either: {others}."
    return f"{failed[0].error}{more if names else ''}"
