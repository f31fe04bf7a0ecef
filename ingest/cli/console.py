"""What commands print: sentences and tables for people, JSON for programs.

In a terminal a table is as wide as the terminal, and long names are folded, never cut. In a pipe it
is plain text, one line per row, as wide as it takes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingest.warehouse import WarehouseError

console = Console()
error_console = Console(stderr=True)

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
    """Print a table in which every name can be read.

    Args:
        title: what it is about.
        columns: the columns' names.
        rows: a text per column.
    """
    if not console.is_terminal:
        _show_plainly(title, columns, rows)
        return
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def _show_plainly(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [columns, *([" ".join(cell.split()) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print(title)
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
    print(flush=True)


def show_json(content: Any) -> None:
    """Print an answer for programs: moments in ISO 8601, durations in seconds."""
    print(json.dumps(content, default=_plain, ensure_ascii=False, indent=2), flush=True)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


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
        raise WarehouseError(f"{text!r} is no date: write it as 2015-12-31.") from None
