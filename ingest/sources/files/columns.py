"""What a file's columns are called in the warehouse, and what its rows become there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
from dlt.common.normalizers.naming.snake_case import NamingConvention

OWN_COLUMNS = ("branch_id", "_file_name", "_line_number", "_reject", "_deleted_at", "_dlt_load_id")
"""What the raw tables have beyond the files' columns."""

SYSTEM_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
"""What each of Postgres' tables has by itself."""

_NAMES = NamingConvention(63)


@lru_cache
def column_names(header: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that a file's columns have in the warehouse: small ASCII letters.

    Args:
        header: the names as the file has them.
    """
    names: list[str] = []
    for position, title in enumerate(header, start=1):
        plain = unicodedata.normalize("NFKD", title.replace("ß", "ss"))
        plain = re.sub(r"[^0-9A-Za-z_]+", " ", plain.encode("ascii", "ignore").decode()).strip()
        name = _NAMES.normalize_identifier(plain) if plain else f"column_{position}"
        candidate, copy = name, 2
        while candidate in (*names, *OWN_COLUMNS, *SYSTEM_COLUMNS):
            candidate, copy = f"{name[: 62 - len(str(copy))]}_{copy}", copy + 1
        names.append(candidate)
    return tuple(names)


def rows(names: Sequence[str], columns: Sequence[Any], numbers: pa.Array) -> pa.Table:
    """Return a file's rows as they land.

    Args:
        names: the columns' names in the warehouse.
        columns: their values, as text.
        numbers: the line that each row begins on.
    """
    no_reject = pa.nulls(len(numbers), pa.string())
    return pa.table([numbers, no_reject, *columns], ["_line_number", "_reject", *names])
