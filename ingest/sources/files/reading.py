"""A file as it was listed, and what one reading of it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


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
