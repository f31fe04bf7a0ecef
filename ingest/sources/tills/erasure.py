"""A person at a till becomes nobody in the raw layer, by what the declaration says of them.

What a till still has comes again: with the next change, a heal, a full reload. So every erasure is
remembered in `audit.erasures`, and done again on all rows that have come in since, at the end of
each load. Money, dates and keys stay as they are.
"""

from __future__ import annotations

from psycopg import sql

from ingest.loads import packages, raw_tables
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.tills.declaration import System, Table

STATEMENTS = Statements(__file__)


def erase(connection: Connection, system: System, branch_id: str) -> int:
    """Erase what has come in of a branch's erased people since they were last erased.

    Args:
        connection: a connection as loader.
        system: the till's system.
        branch_id: the branch.

    Returns:
        How many raw rows were changed.
    """
    with connection.transaction():
        row = connection.execute(
            "select min(coalesce(applied_load_id, '')), count(*) from audit.erasures"
            " where branch_id = %s",
            [branch_id],
        ).fetchone()
        if row is None or not row[1]:
            return 0
        raw = raw_tables.columns(connection, system.raw)
        values = {"branch": branch_id, "after": row[0]}
        changed = 0
        for table in system.tables:
            erased = {**table.erased, **dict.fromkeys(table.emptied)}
            present = {name: erased[name] for name in erased if name in raw.get(table.name, {})}
            if present:
                changed += connection.execute(_statement(system, table, present), values).rowcount
        # Rows of a load in flight carry a later id than the last complete one: they come again.
        load_id = packages.last_complete(connection, system.raw, system.schema_name(branch_id))
        connection.execute(
            "update audit.erasures set erased_at = clock_timestamp(), applied_load_id = %s,"
            " row_count = row_count + %s where branch_id = %s",
            [load_id, changed, branch_id],
        )
    return changed


def _statement(system: System, table: Table, erased: dict[str, str | bool | None]) -> sql.Composed:
    pairs = {name: (sql.Identifier(name), sql.Literal(value)) for name, value in erased.items()}
    is_of_person = sql.SQL("landed.{} = erasures.customer_id").format(
        sql.Identifier(str(table.person))
    )
    if table.parent:
        root = system.root
        rows_of_person = STATEMENTS(
            "rows_of_person", root=sql.Identifier(system.raw, root.name), root_key=root.key,
            parent_key=str(table.parent_key), person=str(root.person),
        )  # fmt: skip
        is_of_person = sql.SQL("exists ({})").format(rows_of_person)
    return STATEMENTS(
        "erase",
        raw=sql.Identifier(system.raw, table.name),
        assignments=sql.SQL(", ").join(sql.SQL("{} = {}").format(*pair) for pair in pairs.values()),
        is_of_person=is_of_person,
        says_something=sql.SQL(" or ").join(
            sql.SQL("landed.{} is distinct from {}").format(*pair) for pair in pairs.values()
        ),
    )
