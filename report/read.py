"""Reads what is published: every query of a folder, of one and the same publication."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg.rows import dict_row

from ingest.warehouse import Warehouse, WarehouseError, become_reader

FOLDER = Path(__file__).parent

Rows = list[dict[str, Any]]

SHARED = {file.stem: file.read_text("utf-8") for file in sorted((FOLDER / "shared").glob("*.sql"))}
"""What several queries read as if it were a table, by its name."""


def statements(queries: Path = FOLDER / "queries") -> dict[str, str]:
    """Return every query of a folder, by its file's name, with what it shares with others.

    Rows of a branch and a period are those of the periods that the page holds.
    """
    return {file.stem: _whole(file.read_text("utf-8")) for file in sorted(queries.glob("*.sql"))}


def _whole(query: str) -> str:
    whole = f"select * from (\n{query}\n) as answer"  # noqa: S608 - own texts
    if "scope_id" in query and "period_id" in query and "held_periods" not in query:
        # `is true`: a condition, and no join that may change the rows' order
        whole += (
            " where ((scope_id, period_id) in (select scope_id, period_id from held_periods))"
            " is true"
        )
    # `materialized`: asked once, and not again for each row that it is joined to
    shared = [
        f"{name} as materialized (\n{text})" for name, text in SHARED.items() if name in whole
    ]
    return f"with {', '.join(shared)}\n{whole}" if shared else query


def read(warehouse: Warehouse, queries: Path = FOLDER / "queries") -> dict[str, Rows]:
    """Ask every query of a folder, all of one and the same publication.

    Args:
        warehouse: where the marts are. A login that is a member of `reader` reads with the rights
            of that role alone; any other, such as a branch manager's, with its own.
        queries: the folder of the SQL files.

    Returns:
        The rows of each query, by its file's name.

    Raises:
        WarehouseError: nothing was published yet, or the login may not read it.
    """
    with warehouse.connect(name="mypizza report") as connection:
        readable = connection.execute(
            "select 1 from pg_class as marts where relname = 'dim_periods'"
            " and relnamespace = (select oid from pg_namespace where nspname = 'marts')"
            " and has_schema_privilege(relnamespace, 'usage')"
            " and has_table_privilege(oid, 'select')"
        ).fetchone()
        if not readable:
            raise WarehouseError(
                "There is nothing to report on: no version of the marts that has a report was "
                "published, or you may not read it. mypizza run builds and publishes one."
            )
        become_reader(connection)
        # one snapshot: no publication comes between two queries
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            cursor = connection.cursor(row_factory=dict_row)
            return {
                name: cursor.execute(text.encode()).fetchall()
                for name, text in statements(queries).items()
            }
