"""Excel files: what the cells hold lands as text, days as 2026-11-24, times as 08:15:00.

Numbers land with the decimal separator that the feed declares: cells of text beside them have it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

import pyarrow as pa

from ingest.sources.files.columns import column_names, rows
from ingest.sources.files.feed import Feed


def read_excel(raw: BinaryIO, feed: Feed, on_left_out: Callable[[int], None]) -> Iterator[pa.Table]:
    """Yield the rows of a sheet; the line number is the row's.

    Args:
        raw: the opened file.
        feed: its feed, which says the sheet, and what the header's row begins with.
        on_left_out: called with the number of rows that the feed says are no records, if any.

    Raises:
        ValueError: the library is not installed, or the file has no such sheet or header.
    """
    cells = _cells(raw, feed.sheet)
    columns = [_column(column, feed.decimal_separator) for column in zip(*cells, strict=True)]
    texts = zip(*columns, strict=True)
    lines = [(number, row) for number, row in enumerate(texts, start=1) if any(row)]
    if not lines:
        return
    titles = tuple(feed.columns)
    while not titles:
        if not lines:
            raise ValueError(f"no row begins with {feed.header!r}: correct header or the file")
        _, row = lines.pop(0)
        titles = row if _row_text(row).startswith(feed.header) else ()
    if len(titles) < len(columns):
        raise ValueError(f"it has {len(columns)} columns, and columns names {len(titles)}")
    beginnings = tuple(feed.not_records)
    # a sheet may begin with empty columns
    first = next(place for place, title in enumerate(titles) if title)
    kept = [
        (number, row) for number, row in lines if not _row_text(row[first:]).startswith(beginnings)
    ]
    if len(kept) < len(lines):
        on_left_out(len(lines) - len(kept))
    values = [
        # a sheet ends with its last column that has anything
        pa.array([row[place] if place < len(row) else "" for _, row in kept], pa.string())
        for place in range(len(titles))
    ]
    numbers = pa.array([number for number, _ in kept], pa.int64())
    yield rows(column_names(titles), values, numbers)


def _row_text(row: Sequence[str]) -> str:
    """Return a row as text, from its first cell with anything."""
    return "\t".join(row).lstrip("\t")


def sheet_rows(raw: BinaryIO, name: str) -> list[tuple[str, ...]]:
    """Return the rows of a sheet as text.

    Args:
        raw: the opened file.
        name: of the sheet; empty for the first one.

    Raises:
        ValueError: the library is not installed, or the file has no such sheet.
    """
    columns = [_column(column, ".") for column in zip(*_cells(raw, name), strict=True)]
    return list(zip(*columns, strict=True))


def sheet_names(raw: BinaryIO) -> list[str]:
    """Return the names of a file's sheets, in their order.

    Args:
        raw: the opened file, read or not.

    Raises:
        ValueError: the library is not installed.
    """
    raw.seek(0)
    return list(_book(raw).sheet_names)


def _cells(raw: BinaryIO, name: str) -> list[list[Any]]:
    """Return the cells of a sheet, or of the first."""
    book = _book(raw)
    if name and name not in book.sheet_names:
        raise ValueError(f"it has no sheet {name!r}, but {', '.join(book.sheet_names)}")
    sheet = book.get_sheet_by_name(name or book.sheet_names[0])
    return list(sheet.to_python(skip_empty_area=False))


def _book(raw: BinaryIO) -> Any:
    try:
        # an extra that few need
        from python_calamine import CalamineWorkbook
    except ImportError:
        raise ValueError(
            "Excel files need a library that is not installed: pip install 'mypizza[excel]'"
        ) from None
    return CalamineWorkbook.from_filelike(io.BytesIO(raw.read()))


def _column(cells: tuple[Any, ...], decimal: str) -> list[str]:
    """Return a column's cells as text; a day among times of days is its midnight."""
    if any(isinstance(cell, datetime) for cell in cells):
        cells = tuple(
            datetime.combine(cell, time()) if type(cell) is date else cell for cell in cells
        )
    return [_text(cell, decimal) for cell in cells]


def _text(cell: Any, decimal: str) -> str:
    """Return a cell as text, the same in every language of Excel."""
    match cell:
        case bool():
            return str(cell).lower()
        case float():
            return f"{cell:.15g}".replace(".", decimal)
        case datetime():
            return cell.isoformat(" ", "seconds")
        case date():
            return cell.isoformat()
        case time():
            return cell.isoformat("seconds")
        case timedelta():
            # hours beyond a day, as a file of text has them: 24:00 is the next midnight
            minutes, seconds = divmod(round(abs(cell).total_seconds()), 60)
            sign = "-" if cell < timedelta() else ""
            return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
        case _:
            return str(cell).strip()
