"""Where the header of a file is: below lines of other things, and titles of groups of columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from ingest.loads.source import SourceError

MOST_LINES = 12
"""So far below the first line that may be the header another one is looked for."""

VALUE = re.compile(r"\W*\d[\d\W]*")


def line_of(lines: Sequence[str], beginning: str, file: str) -> int:
    """Return the place of the first line that begins as a person says; 0 if nobody says.

    Args:
        lines: of the file.
        beginning: what the header begins with; empty if it is to be found.
        file: the name of the file.

    Raises:
        SourceError: no line begins so.
    """
    for place, line in enumerate(lines):
        if line.lstrip('" \t').startswith(beginning):
            return place if beginning else 0
    raise SourceError(f"No line of the file {file} begins with {beginning!r}: correct --header.")


def header_below(lines: Sequence[str], place: int, delimiter: str) -> int | None:
    """Return where the header is, if a line that seems to be it has titles of groups of columns.

    The header's cells are all filled, unlike each other and no values, and records follow it.

    Args:
        lines: of the file.
        place: of the line that seems to be the header.
        delimiter: between its cells.
    """
    begin = [*csv.reader(lines[place : place + MOST_LINES], delimiter=delimiter)]
    if len(begin) != len(lines[place : place + MOST_LINES]):  # a value goes over lines
        return None
    filled = [
        (place + number, row)
        for number, row in enumerate(_without_margin(begin))
        if any(cell.strip() for cell in row)
    ]
    for number, row in filled[1:-1]:
        titles = {cell.strip() for cell in row}
        if any(VALUE.fullmatch(title) for title in titles):
            return None  # a record
        if len(row) == len(titles) >= 3 and all(titles):
            return number if len(set(filter(None, filled[0][1]))) < len(titles) else None
    return None


def _without_margin(rows: list[list[str]]) -> list[list[str]]:
    """Return rows without the columns at their left that are empty in all of them."""
    margin = min(
        (place for row in rows for place, cell in enumerate(row) if cell.strip()), default=0
    )
    return [row[margin:] for row in rows]
