"""What commands print: sentences and tables for people, JSON for programs.

In a terminal a table is no wider than the terminal: its texts are broken between words, never cut.
In a pipe there is one line per row, as wide as it takes.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import zip_longest
from typing import Annotated, Any

import typer
from pydantic_core import to_json
from rich.console import Console

from ingest.warehouse import WarehouseError

GAP = 2
"""Spaces between two columns."""

console = Console()
error_console = Console(stderr=True)

Wait = Annotated[
    float,
    typer.Option(
        "--wait", min=0, metavar="SECONDS",
        help="Wait so long where another command is busy; default not at all.",
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def say(sentence: str, style: str = "") -> None:
    """Print a sentence; its text is taken as it is.

    Args:
        sentence: what to say.
        style: one of rich's, for example "red".
    """
    console.print(sentence, style=style or None, markup=False, highlight=False, soft_wrap=True)


def fail(sentence: str) -> None:
    """Say on stderr what is wrong, and end the process with exit code 1."""
    error_console.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in which every name can be read, if it has rows.

    Args:
        title: what it is about.
        columns: the columns' names.
        rows: a text per column.
    """
    if not rows:
        return
    cells = [columns, *rows]
    is_terminal = console.is_terminal
    if not is_terminal:
        cells = [[" ".join(cell.split()) for cell in row] for row in cells]
    widths = _widths(cells, console.width if is_terminal else None)
    say(title, "bold")
    for number, row in enumerate(cells):
        for line in _lines(row, widths):
            say(line, "" if number else "dim")
    say("")


def _widths(cells: Sequence[Sequence[str]], available: int | None) -> list[int]:
    """Return the columns' widths: what they need, less where that is more than there is."""
    by_column = list(zip(*cells, strict=True))
    widths = [
        max(len(line) for cell in column for line in [*cell.splitlines(), ""])
        for column in by_column
    ]
    words = [
        max(len(word) for cell in column for word in [*cell.split(), ""]) for column in by_column
    ]
    # first lines are broken between words, and only where that is not enough within them
    for shortest in (words, [1] * len(words)):
        while available and sum(widths) + GAP * (len(widths) - 1) > available:
            room = [width - least for width, least in zip(widths, shortest, strict=True)]
            if max(room) <= 0:
                break
            widths[room.index(max(room))] -= 1
    return widths


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines of a row, its cells broken to the columns' widths."""
    broken = [
        [part for line in cell.splitlines() for part in textwrap.wrap(line, max(width, 1))]
        for cell, width in zip(row, widths, strict=True)
    ]
    for parts in zip_longest(*broken, fillvalue=""):
        padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
        yield (" " * GAP).join(padded).rstrip()


def show_json(content: Any) -> None:
    """Print an answer for programs: moments in ISO 8601, durations in seconds."""
    print(to_json(content, indent=2, timedelta_mode="float").decode(), flush=True)


def minute(moment: datetime | None) -> str:
    """Write a moment to the minute, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "never"


def day(text: str | None) -> date | None:
    """Read a day of the command line.

    Raises:
        WarehouseError: it is no date.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise WarehouseError(f"{text!r} is not a date: write it as 2015-12-31.") from None
