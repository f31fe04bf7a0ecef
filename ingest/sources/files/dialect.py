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

FILES = ("dialect.sql", "safe_cast.sql")
"""Where the macros are, in any folder of `macros`."""

MACROS = {
    "numeric": "number_in_dialect",
    "date": "date_in_dialect",
    "time": "time_in_dialect",
}
"""Each type's macro."""


class _Dbt:
    """dbt's own macros, as they are on Postgres."""

    @staticmethod
    def concat(parts: Sequence[str]) -> str:
        return " || ".join(parts)

    @staticmethod
    def position(part: str, text: str) -> str:
        return f"position({part} in {text})"


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
    return macros


def value(column: str, data_type: str) -> sql.SQL:
    """Return a column of `landed` as a value, null where `dialect` does not read it as one.

    Args:
        column: the column's name.
        data_type: "numeric", "date" or "time".
    """
    text = _macros()[MACROS[data_type]](sql.Identifier("landed", column).as_string())
    cast = _macros()["postgres__safe_cast"]("plain", data_type)
    statement = f"(select {cast} from (select {text} as plain) as text)"  # noqa: S608 - macros
    return sql.SQL(statement)
