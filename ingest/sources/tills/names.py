"""The one map from a till's names to those of the raw layer: `Table No` is table_no there.

It is a function of the name alone, so the declaration, the till and the raw layer agree without a
list. Two names of a table that would become one are told apart by a number, in the table's order.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable
from functools import cache
from typing import Annotated

from dlt.common.normalizers.naming.snake_case import NamingConvention
from pydantic import AfterValidator

NAMING = NamingConvention(63)  # dlt's own, with the length of Postgres: dlt changes nothing more


@cache
def raw_name(name: str) -> str:
    """Return the name that a table or column of a till has in the raw layer.

    Args:
        name: the name at the till, in any case and script.
    """
    if not name:
        return name
    letters = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    if not any(letter.isascii() and letter.isalnum() for letter in plain):
        plain = f"x{zlib.crc32(name.encode()):08x}"
    return NAMING.normalize_identifier(plain)


def raw_names(names: Iterable[str], reserved: Iterable[str] = ()) -> dict[str, str]:
    """Return the raw names of a table's columns by their names at the till.

    Args:
        names: the columns, in their order at the till.
        reserved: names that the raw table needs for columns of its own.
    """
    found: dict[str, str] = {}
    taken = {*reserved}
    for name in names:
        plain, number = raw_name(name), 1
        unique = plain
        while unique in taken:
            number += 1
            unique = f"{plain}_{number}"
        taken.add(unique)
        found[name] = unique
    return found


Name = Annotated[str, AfterValidator(raw_name)]
"""A table or column as the till writes it; what reads the declaration sees the raw name."""
