"""Queries of the commands on the schema `audit`."""

from __future__ import annotations

from typing import Any

from psycopg.rows import dict_row

from ingest.loads.raw_tables import exists
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.warehouse import RUN_KEY

STATEMENTS = Statements(__file__)


def rows(connection: Connection, name: str, table: str, **values: Any) -> list[dict[str, Any]]:
    """Run a query from the folder `sql` on a table that may not exist yet.

    Args:
        connection: a connection to the warehouse.
        name: the query's file, without `.sql`.
        table: what it reads; where it does not exist, there are no rows.
        values: the query's parameters.

    Returns:
        Its rows, each by column.
    """
    if not exists(connection, table):
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(STATEMENTS(name), values).fetchall()


def loads(connection: Connection) -> list[dict[str, Any]]:
    """Return the newest load of each part of each source.

    Args:
        connection: a connection to the warehouse.
    """
    running = rows(connection, "running", "audit.loads", key=RUN_KEY)
    return rows(connection, "loads", "audit.loads", **running[0]) if running else []


def above_limit(connection: Connection) -> list[str]:
    """Return where more records wait in quarantine than the project allows, a sentence each.

    Args:
        connection: a connection to the warehouse.
    """
    return [
        f"{row['source_name']} {row['branch_id'] or row['table_name'] + ', of no known branch'}"
        f": {row['held']:,} of {row['records']:,} records wait in quarantine, which is more than "
        "the project allows: mypizza quarantine lists them."
        for row in rows(connection, "above_limit", "audit.quarantine_stays_below_its_limit")
    ]
