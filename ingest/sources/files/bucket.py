"""The files of a feed: those of a folder, and the lines that they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
from fsspec.utils import glob_translate

from ingest.loads.branches import branches
from ingest.loads.configuration import SECRETS_FILE
from ingest.loads.folder import ENDING, Folder, etag, in_any_case
from ingest.loads.source import SourceError
from ingest.sources.files import text
from ingest.sources.files.columns import OWN_COLUMNS
from ingest.sources.files.csv_files import read_csv
from ingest.sources.files.excel_files import read_excel
from ingest.sources.files.feed import BRANCH, Feed
from ingest.sources.files.json_files import read_json_lines
from ingest.sources.files.parquet_files import read_parquet

PACKED = (".gz", ".zip", ".zst")


class File(NamedTuple):
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
    inode: int | None

    @property
    def version(self) -> list[object]:
        """What tells whether the file has changed since it landed."""
        return [self.branch_id, self.size, self.modified_at, self.etag]


@dataclass
class Reading:
    """What one reading of a file found.

    Attributes:
        file: the file, as it was listed before it was read.
        lines: rows landed, rejects among them.
        rejects: lines that cannot be read as records.
        width: how many columns its records have.
        notes: what a person should know although the file was read.
        error: one sentence, where it could not be read to its end.
        changed: the file as it is now, where it changed while it was read.
        track: how far it was read; of a file that has grown, only what was added is read.
    """

    file: File
    lines: int = 0
    rejects: int = 0
    width: int = 0
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    changed: File | None = None
    track: text.Track = field(default_factory=text.Track)

    @property
    def is_whole(self) -> bool:
        """Whether all of the file was read, as it was listed."""
        return self.error is None and self.changed is None


class Bucket:
    """A feed's folder, opened."""

    def __init__(self, feed: Feed) -> None:
        """Open the folder, with the credentials of dlt's configuration.

        Args:
            feed: the feed; its credentials stand in its own section or in [sources.files].

        Raises:
            SourceError: no driver for the URL's kind, or no credentials.
        """
        self.feed = feed
        self._folder = Folder(feed.url, "sources", "files", "feeds", feed.name)
        try:
            self._folder.open_up()
        except Exception as error:
            raise self.problem(error) from None
        self._pattern = in_any_case(feed.files)
        pattern = glob_translate(self._pattern)
        self._branch = re.compile(pattern.replace(re.escape(BRANCH), "(?P<branch>[^/]+)"))
        self.near: list[str] = []
        """Of the files listed, those whose names miss the pattern in case or packing."""

    def problem(self, error: Exception, file: File | None = None) -> SourceError:
        """Return one sentence on why the folder or a file cannot be read, without secrets.

        Args:
            error: what was raised.
            file: the file; None for the folder.
        """
        feed, why, local = self.feed, self._folder.why(error), self._folder.local
        if file is not None:
            advice = "replace it"
            if isinstance(error, text.OtherEncodingError):
                why, advice = str(error), f"correct encoding in {feed.section}"
            return SourceError(
                f"The file {file.name} of the feed {feed.name} cannot be read ({why}): {advice}; "
                "the next run reads it again."
            )
        if local is not None and isinstance(error, FileNotFoundError):
            return SourceError(
                f"The feed {feed.name} has no files, because the folder {local} does not "
                f"exist: make it, or correct url in {feed.section}."
            )
        credentials = "" if local is not None else f" and its credentials in {SECRETS_FILE}"
        return SourceError(
            f"The files of the feed {feed.name} at {feed.url} cannot be read ({why}): check the "
            f"url in {feed.section}{credentials}; the next run catches up."
        )

    def files(self) -> Iterator[File]:
        """Yield the files that there are, in the order of their names.

        Raises:
            SourceError: the folder cannot be listed.
        """
        try:
            pattern = self._pattern.replace(BRANCH, "*")
            found = self._matching(pattern, self._folder.find(self._wide(pattern)))
        except Exception as error:
            raise self.problem(error) from None
        for path, info in found:
            yield self._file(path, info)

    def _wide(self, pattern: str) -> str:
        """Return a pattern that also finds names in another case, and packed files.

        Where it names no part of them, every file would be near.
        """
        folder, slash, _ = pattern.rpartition("/")
        stem = ENDING.sub("", self.feed.files.rpartition("/")[2].replace(BRANCH, "*"))
        if not re.search("[A-Za-z]", re.sub(r"\[[^]]*\]", "", stem)) or "[" in stem:
            return pattern
        return f"{folder}{slash}{re.sub(r'[A-Za-z*]+', '*', stem + '*')}"

    def _matching(
        self, pattern: str, found: list[tuple[str, dict[str, Any]]]
    ) -> list[tuple[str, dict[str, Any]]]:
        """Return the files that the pattern matches; of the others, remember those near it."""
        exact = re.compile(glob_translate(pattern))
        files = self.feed.files.replace(BRANCH, "*")
        stem, root = ENDING.sub("", files), len(self._folder.root) + 1
        names = (files, *(each + packing for each in (files, stem) for packing in PACKED))
        near = re.compile("|".join(map(glob_translate, names)), re.IGNORECASE)
        others = [path[root:] for path, _ in found if not exact.match(path[root:])]
        self.near = sorted(name for name in others if near.fullmatch(name))
        return [(path, info) for path, info in found if exact.match(path[root:])]

    def others(self) -> list[str]:
        """Return the files in the pattern's folder, matched or not.

        Where there is no such folder: all that the nearest one above it has.
        """
        wanted = re.split(r"[*?[{]", self.feed.files)[0].rpartition("/")[0]
        folder = wanted
        while folder and not self._folder.is_folder(folder):
            folder = folder.rpartition("/")[0]
        root = self._folder.root
        path = f"{root}/{folder}".rstrip("/")
        return sorted(
            info["name"][len(root) + 1 :].rstrip("/") + "/" * (info["type"] != "file")
            for info in self._folder.list(path)
            # a store may list a folder's own mark in it
            if info["name"].rstrip("/") != path and (info["type"] == "file" or folder != wanted)
        )

    def open(self, file: File) -> Any:
        """Return a file, opened.

        Args:
            file: as it was listed.
        """
        return self._folder.open(file.path)

    def read(self, reading: Reading) -> Iterator[pa.Table]:
        """Yield the rows of a file, all values as text, with their line numbers.

        Args:
            reading: names the file, and is filled with what was found; a problem is noted there,
                too, not raised.
        """
        file, failure = reading.file, None
        if file.branch_id is not None and file.branch_id not in branches():
            reading.error = (
                f"The file {file.name} of the feed {self.feed.name} is of a branch "
                f"{file.branch_id!r} that seeds/branches.csv does not contain: rename the file, or "
                "add the branch."
            )
            return
        try:
            with self.open(file) as raw:
                for table in self._rows(raw, reading):
                    if table.num_rows:
                        reading.lines += table.num_rows
                        reading.rejects += table.num_rows - table["_reject"].null_count
                        reading.width = len(set(table.column_names).difference(OWN_COLUMNS))
                        yield table
        except Exception as error:
            failure = error
        try:
            now = self._now(file)
        except Exception as error:
            now, failure = file, failure or error
        # a file that was replaced meanwhile is read again from its start
        if now != file:
            reading.changed = now
        elif failure:
            reading.error = str(self.problem(failure, file))

    def _rows(self, raw: Any, reading: Reading) -> Iterator[pa.Table]:
        if self.feed.format == "parquet":
            return read_parquet(raw)

        def note(count: int) -> None:
            reading.notes.append(
                f"{count} byte(s) of {reading.file.name} are no {self.feed.encoding} text and "
                f"appear as \\xNN: correct the file, or the encoding in {self.feed.section}."
            )

        def note_left_out(count: int) -> None:
            reading.notes.append(
                f"{count} line(s) of {reading.file.name} are no records, as not_records says in "
                f"{self.feed.section}."
            )

        if self.feed.format == "xlsx":
            return read_excel(raw, self.feed, note_left_out)
        chunks = text.chunks(raw, self.feed.encoding, note, reading.track)
        if self.feed.format == "jsonl":
            return read_json_lines(chunks, reading.track)
        return read_csv(chunks, self.feed, reading.track, note_left_out)

    def _now(self, file: File) -> File:
        """Return a file as it is now; one that is gone raises FileNotFoundError."""
        return self._file(file.path, self._folder.info(file.path))

    def _file(self, path: str, info: dict[str, Any]) -> File:
        name = self._folder.name_of(path)
        branch_id = self.feed.branch
        if self.feed.takes_branch_from_path and (match := self._branch.fullmatch(name)):
            branch_id = self.feed.branch_called(match["branch"])
        return File(
            name=name,
            path=path,
            branch_id=branch_id,
            size=int(info["size"]),
            modified_at=self._folder.modified_at(info),
            etag=etag(info),
            inode=info.get("ino"),
        )
