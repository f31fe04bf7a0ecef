"""SQL that reads a value in its feed's dialect: the very macros that the models use.

How a number, a day and a time are read is written once, in `macros/columns/dialect.sql`. Loading
must not wait for dbt to start, so the macros are rendered here without it: Jinja is theirs, and the
three things that they ask of dbt are what dbt answers on Postgres.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader
from psycopg import sql

from ingest.warehouse import PROJECT_DIR

FILES = ("safe_cast.sql", "utc_time.sql", "dialect.sql")
"""Where the macros are, in any folder of `macros`; each may use those before it."""


class _Dbt:
    """dbt's own macros, as they are on Postgres."""

    @staticmethod
    def concat(parts: Sequence[str]) -> str:
        return " || ".join(parts)

    @staticmethod
    def position(part: str, text: str) -> str:
        return f"position({part} in {text})"

    @staticmethod
    def safe_cast(field: str, data_type: str) -> str:
        return _macros()["postgres__safe_cast"](field, data_type)


@cache
def _macros() -> dict[str, Callable[..., str]]:
    macros: dict[str, Callable[..., str]] = {}

    class Adapter:
        @staticmethod
        def dispatch(name: str) -> Callable[..., str]:
            return macros.get(f"postgres__{name}") or macros[f"default__{name}"]

    folders = [path.parent for name in FILES for path in (PROJECT_DIR / "macros").rglob(name)]
    environment = Environment(  # noqa: S701 - it is SQL, not HTML
        loader=FileSystemLoader(folders), extensions=["jinja2.ext.do"]
    )
    environment.globals.update(dbt=_Dbt, adapter=Adapter, **{"return": lambda value: value})
    for file in FILES:
        module: Any = environment.get_template(file).module
        macros |= {name: macro for name, macro in vars(module).items() if callable(macro)}
        environment.globals.update(macros)
    return macros


def number(column: str) -> sql.SQL:
    """Return a column of `landed` as a number, null where `dialect` does not read it as one.

    Args:
        column: the column's name.
    """
    return _value(_macros()["number_in_dialect"](_landed(column)), "numeric")


def quantity(column: str) -> sql.SQL:
    """Return a column of `landed` as a quantity, which may be written in another way than money.

    Args:
        column: the column's name.
    """
    return _value(_macros()["quantity_in_dialect"](_landed(column)), "numeric")


def day(column: str) -> sql.SQL:
    """Return a column of `landed` as a day.

    Args:
        column: the column's name.
    """
    return _value(_macros()["date_in_dialect"](_landed(column)), "date")


def clock(column: str) -> sql.SQL:
    """Return a column of `landed` as a time of day.

    Args:
        column: the column's name.
    """
    return _value(_macros()["time_in_dialect"](_landed(column)), "time")


def local_time(date: str, clock: str) -> sql.SQL:
    """Return two columns of `landed` as a time of the wall clock of the row's `branch`.

    Args:
        date: the name of the column with the day.
        clock: the name of the column with the time of day; it may be the same.
    """
    macros, told = _macros(), _landed(clock)
    local = _Dbt.concat(
        [macros["date_in_dialect"](_landed(date)), "' '", macros["time_in_dialect"](told)]
    )
    offset = macros["offset_in_dialect"](told, "branch.time_zone")
    moment = macros["moment_of"]("local", "offset_text", "branch.time_zone")
    return sql.SQL(
        f"(select ({moment}) at time zone branch.time_zone"  # noqa: S608 - only macros
        f" from (select {local} as local, {offset} as offset_text)"
        " as written)"
    )


def written(kind: str, value: str, pattern: str) -> str:
    """Return SQL of a value as the macro of its kind writes it, in the dialect of `dialect`.

    Args:
        kind: "number", "date" or "time".
        value: SQL of the text, with plain signs.
        pattern: SQL of the pattern of its kind.
    """
    return _macros()[f"{kind}_in_dialect"](value, pattern=pattern, is_plain_text=True)


def pattern(kind: str) -> str:
    """Return SQL of the pattern that values of a kind match in the dialect of `dialect`.

    Args:
        kind: "number", "date" or "time".
    """
    return _macros()[f"{kind}_pattern"]()


def signs(value: str) -> dict[str, str]:
    """Return SQL of a text with plain signs, and of what is blank, by the macros' names.

    Args:
        value: SQL of the text.
    """
    macros = _macros()
    return {"plain_signs": macros["plain_signs"](value), "blanks": macros["blanks"]()}


def _landed(column: str) -> str:
    return sql.Identifier("landed", column).as_string()


def _value(text: str, data_type: str) -> sql.SQL:
    cast = _Dbt.safe_cast("plain", data_type)
    return sql.SQL(f"(select {cast} from (select {text} as plain) as text)")  # noqa: S608 - only macros
