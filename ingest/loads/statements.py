"""Reads the `.sql` files, which contain all SQL of more than one line, so that it is linted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from psycopg import sql


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


class Statements:
    """The statements of one package, in the folder `sql` beside the module that uses them.

    In a file `{name}` takes an identifier or a piece of SQL, and `%(name)s` a value.
    """

    def __init__(self, module: str) -> None:
        """Find the folder.

        Args:
            module: `__file__` of the module.
        """
        self._folder = Path(module).parent / "sql"

    def __call__(self, name: str, **parts: sql.Composable | str) -> sql.Composed:
        """Return a statement with its parts in place; its values are given on execution.

        Args:
            name: the file's name, without `.sql`.
            parts: by placeholder; a plain string is the name of a table or column.
        """
        composed = {
            key: part if isinstance(part, sql.Composable) else sql.Identifier(part)
            for key, part in parts.items()
        }
        # the files are ours, not input; psycopg wants a literal
        return sql.SQL(_text(self._folder / f"{name}.sql")).format(**composed)
