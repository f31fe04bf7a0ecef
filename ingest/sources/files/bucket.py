"""Files in a bucket: folders on disk, S3, Azure or Google Cloud, by URL (fsspec).

dlt lists and authenticates. A file that changes while it is read is read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from dlt.common.configuration import resolve_configuration
from dlt.common.storages.configuration import FilesystemConfiguration
from dlt.common.storages.fsspec_filesystem import MTIME_DISPATCH, fsspec_from_config

from ingest.loads.branches import branches as seed
from ingest.sources.files.feed import BRANCH, Feed, FeedError
from ingest.sources.files.reading import File, Reading
from ingest.sources.files.records import read_csv
from ingest.sources.files.rows import read_parquet


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
        if file.branch_id is not None and file.branch_id not in seed():
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
