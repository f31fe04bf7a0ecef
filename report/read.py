"""Reads what is published: every query of a folder, of one and the same publication."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.warehouse import Warehouse, WarehouseError, become_reader

FOLDER = Path(__file__).parent

Rows = list[dict[str, Any]]


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
            answers = {}
            for file in sorted(queries.glob("*.sql")):
                cursor = connection.execute(file.read_bytes())
                names = [column.name for column in cursor.description or ()]
                answers[file.stem] = [dict(zip(names, row, strict=True)) for row in cursor]
    return answers
