"""JSON lines: one object a line; what is nested within it lands as JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ingest.sources.files.columns import column_names
from ingest.sources.files.text import Track


def read_json_lines(chunks: Iterator[bytes], track: Track) -> Iterator[pa.Table]:
    """Yield the rows of a file as text, and among them the lines that are no JSON object.

    Args:
        chunks: the file's text, as UTF-8.
        track: where the chunks after the first go on, and what is told where they end.
    """
    rest, number = b"", 1
    for position, chunk in enumerate(chunks):
        if track.since and position == 0:
            number = track.since.next_line
            continue
        *lines, rest = (rest + chunk).split(b"\n")
        yield _rows(lines, number)
        number += len(lines)
    if not rest:
        track.ends_at(number)
    yield _rows([rest], number)


def _rows(lines: list[bytes], first: int) -> pa.Table:
    """Return lines as rows; numbers keep the digits that they are written with."""
    numbers, rejects, values = [], [], []
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        try:
            value: Any = json.loads(line, parse_float=str, parse_int=str)
        except ValueError:
            value = None
        is_row = isinstance(value, dict)
        numbers.append(number)
        rejects.append(None if is_row else line.rstrip(b"\r").decode())
        values.append(value if is_row else {})
    titles = tuple(dict.fromkeys(title for value in values for title in value))
    columns = [
        pa.array([_text(value.get(title)) for value in values], pa.string()) for title in titles
    ]
    return pa.table(
        [pa.array(numbers, pa.int64()), pa.array(rejects, pa.string()), *columns],
        ["_line_number", "_reject", *column_names(titles)],
    )


def _text(value: Any) -> str | None:
    value = _storable(value)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _storable(value: Any) -> Any:
    """Return a value without what no warehouse stores: a zero character, or half of one."""
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
        case list():
            return [_storable(each) for each in value]
        case dict():
            return {_storable(name): _storable(each) for name, each in value.items()}
        case _:
            return value
