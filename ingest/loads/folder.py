"""A folder of files: on disk, in S3, Azure or Google Cloud (fsspec).

dlt brings configuration and credentials of stores elsewhere; a folder on this machine is a path,
with any characters in it, and is never taken for a URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.storages.configuration import FilesystemConfiguration
from dlt.common.storages.fsspec_filesystem import MTIME_DISPATCH, fsspec_from_config
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from ingest.warehouse import PROJECT_DIR, reason

ENDING = re.compile(r"\.[A-Za-z0-9.*?]+$")
"""The ending of a pattern: `*.csv` is `A.CSV`, too."""

SECRET = re.compile("secret|key|token|password|signature|connection_string")

SECRET_PART = re.compile(r"(?i)(?:AccountKey|\bsig)=([^;&]+)")
"""What is secret within a connection string."""

OPENING = dict.fromkeys(("gs", "gcs"), "token")
OPENING |= dict.fromkeys(("az", "abfs", "abfss"), "connection_string")
"""By protocol, a driver's option that opens a store without credentials: a token `anon`."""


@configspec
class Options(BaseConfiguration):
    """What a store's driver is told beside the credentials."""

    kwargs: dict[str, Any] | None = None


def _in_any_case(ending: re.Match[str]) -> str:
    return re.sub("[A-Za-z]", lambda letter: f"[{letter[0].lower()}{letter[0].upper()}]", ending[0])


def local_folder(url: str) -> Path | None:
    """Return the folder on this machine that a feed's url names; None where it is elsewhere.

    Args:
        url: a path, absolute, relative to the project or to the home (`~`), and taken as it is
            written; or a URL with `file:`, in which a blank may be written `%20`.
    """
    address = re.match(r"file:(?://(?:localhost(?=/))?)?(.*)", url, re.DOTALL)
    if address:
        url = url2pathname(address[1])
    elif "://" in url:
        return None
    return PROJECT_DIR / Path(url).expanduser()


class Folder:
    """A folder, once it is opened.

    Attributes:
        local: where it is on this machine; None where it is elsewhere.
    """

    def __init__(self, url: str, *sections: str) -> None:
        """Know where the folder is.

        Args:
            url: the folder.
            sections: of dlt's configuration, in which or above which its credentials stand.
        """
        self._url, self._sections = url, sections
        self._secrets: list[str] = []
        self.local = local_folder(url)

    def open_up(self) -> None:
        """Open the folder; errors are raised unchanged, and `why` puts them into words."""
        self._system, root, protocol = self._open()
        self.root = root.rstrip("/")
        self._modified: Any = MTIME_DISPATCH.get(protocol, MTIME_DISPATCH["file"])

    def _open(self) -> tuple[Any, str, str]:
        """Return the file system, the folder's path in it, and its protocol."""
        if self.local is not None:
            return LocalFileSystem(), self.local.as_posix(), "file"
        url, sections = self._url, self._sections
        kwargs = resolve_configuration(Options(), sections=sections).kwargs or {}
        self._hide(kwargs)
        protocol = FilesystemConfiguration.parse_protocol(url)
        if OPENING.get(protocol) in kwargs:
            return *url_to_fs(url, use_listings_cache=False, **kwargs), protocol
        config = resolve_configuration(FilesystemConfiguration(bucket_url=url), sections=sections)
        self._hide(dict(config.credentials or {}))
        return *fsspec_from_config(config), config.protocol

    def _hide(self, given: Mapping[str, Any]) -> None:
        """Keep what is secret out of messages."""
        for name, value in given.items():
            if isinstance(value, Mapping):
                self._hide(value)
            elif SECRET.search(name) and value not in (None, "", "anon"):
                self._secrets += [str(value), *SECRET_PART.findall(str(value))]

    def why(self, error: Exception) -> str:
        """Return what an error says, without secrets."""
        text = reason(error)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def find(self, pattern: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the files that match a pattern, by their paths, in their order.

        Args:
            pattern: below the folder; its ending matches in small and in capital letters.
        """
        root = re.sub(r"([*?[])", r"[\1]", self.root)
        self._system.invalidate_cache()
        found: dict[str, dict[str, Any]] = self._system.glob(f"{root}/{pattern}", detail=True)
        if not found:  # no folder is a mistake; an empty one is not
            self._system.ls(self.root)
        return [(path, info) for path, info in sorted(found.items()) if info["type"] == "file"]

    def is_folder(self, name: str) -> bool:
        """Say whether there is a folder of a name below."""
        return bool(self._system.isdir(f"{self.root}/{name}"))

    def list(self, path: str) -> list[dict[str, Any]]:
        """Return what is directly in a folder of a path."""
        listed: list[dict[str, Any]] = self._system.ls(path, detail=True)
        return listed

    def info(self, path: str) -> dict[str, Any]:
        """Return what is known of a file now; one that is gone raises FileNotFoundError."""
        self._system.invalidate_cache()
        found: dict[str, Any] = self._system.info(path)
        return found

    def open(self, path: str) -> Any:
        """Return a file, opened."""
        return self._system.open(path, "rb")

    def modified_at(self, info: dict[str, Any]) -> datetime:
        """Return when a file was last written."""
        return datetime.fromtimestamp(self._modified(info).timestamp(), UTC)

    def name_of(self, path: str) -> str:
        """Return a file's path below the folder; bytes of it that are no UTF-8 are escaped."""
        return path[len(self.root) + 1 :].encode(errors="backslashreplace").decode()


def in_any_case(pattern: str) -> str:
    """Return a pattern whose ending matches in small and in capital letters."""
    return ENDING.sub(_in_any_case, pattern)


def etag(info: Mapping[str, Any]) -> str | None:
    """Return a store's own mark of a file's content; None on disk."""
    return info.get("ETag") or info.get("etag") or info.get("md5Hash")
