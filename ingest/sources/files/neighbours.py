"""What the other files of a folder have that the one that was looked at has not."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from ingest.loads.source import SourceError
from ingest.sources.files.bucket import Bucket, File
from ingest.sources.files.text import read_head

MOST_FILES = 200
"""So many other files are looked at, the beginning of each."""

MOST_BYTES = 2**26
"""Of files of the same size, so large ones are compared."""


def common_pattern(places: Sequence[str]) -> str:
    """Return the pattern of several files, or the only place.

    Args:
        places: what a person gives, or a shell makes of a pattern without quotes.

    Raises:
        SourceError: they are not files of one folder.
    """
    if len(places) == 1:
        return places[0]
    paths = [Path(place).expanduser().absolute() for place in places]
    if len({path.parent for path in paths}) > 1 or not all(path.is_file() for path in paths):
        raise SourceError(
            f"{places[0]} and {places[1]} are not files of one folder: give one folder, or one "
            "pattern in quotes, like 'exports/*/sales_*.csv'."
        )
    names = [path.name for path in paths]
    begin = _same_beginning(names)
    end = _same_beginning([name[len(begin) :][::-1] for name in names])[::-1]
    begin, end = (re.sub(r"([*?[])", r"[\1]", part) for part in (begin, end))
    return (paths[0].parent / f"{begin}*{end}").as_posix()


def _same_beginning(texts: Sequence[str]) -> str:
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in same)


def differences(
    bucket: Bucket, file: File, files: Sequence[File], encoding: str, header: str | None
) -> Iterator[str]:
    """Yield in what other files differ from one, and which are the same, a sentence each.

    Args:
        bucket: what opens them.
        file: the one that was looked at.
        files: all of them.
        encoding: of the one.
        header: its header's line; None where it has none, or is no text.
    """
    kinds = [each for each in files if _kind(each) != _kind(file)]
    if kinds:
        yield (
            f"{len(kinds)} of {len(files)} files are of another kind, first {kinds[0].name}: they "
            "need a feed of their own, and a look of their own."
        )
    alike = [each for each in files if each not in kinds]
    others = [each for each in alike if each != file][:MOST_FILES] if header else []
    strange = [each for each in others if not _has_line(bucket, each, encoding, str(header))]
    if strange:
        yield (
            f"{len(strange)} of {len(alike)} files have another header, first {strange[0].name}: "
            "look at it, too. What it lacks is empty in its lines; a file that calls its columns "
            "otherwise, or is written in another way, needs a feed of its own."
        )
    for same in _copies(bucket, alike):
        yield (
            f"{', '.join(each.name for each in same[:5])} hold the same: take all but one out "
            "before they are loaded, or what is in them counts twice."
        )


def _kind(file: File) -> str:
    """Return what a file's name says that it is, like .csv; nothing where it ends in digits."""
    name = re.sub(r"[.](gz|zip|zst)$", "", file.name.lower())
    return re.sub(r"^[.][0-9]*$", "", Path(name).suffix)


def _has_line(bucket: Bucket, file: File, encoding: str, line: str) -> bool:
    with bucket.open(file) as raw:
        text = read_head(raw).decode(encoding, "replace").lstrip("\ufeff")
    return line in text.splitlines()


def _copies(bucket: Bucket, files: Sequence[File]) -> list[list[File]]:
    """Return the files that hold the same bytes, together."""
    sizes: dict[int, list[File]] = defaultdict(list)
    for file in files:
        sizes[file.size].append(file)
    held: dict[bytes, list[File]] = defaultdict(list)
    for size, same in sizes.items():
        for file in same[:MOST_FILES] if len(same) > 1 and size <= MOST_BYTES else ():
            with bucket.open(file) as raw:
                held[hashlib.sha256(raw.read()).digest()].append(file)
    return [same for same in held.values() if len(same) > 1]
