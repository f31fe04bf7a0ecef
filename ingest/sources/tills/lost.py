"""What a till no longer has, or never brought: found before and after a heal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from ingest.loads.raw_tables import exists
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.tills.connect import Link
from ingest.sources.tills.declaration import System, Table
from ingest.sources.tills.dialect import POSTGRES
from ingest.sources.tills.survey import Survey
from ingest.sources.tills.tables import alive, at_till, in_raw
from ingest.sources.tills.window import HealWindow

STATEMENTS = Statements(__file__)
KEYS_PER_QUERY = 5_000

Keys = dict[Table, list[int]]
"""Keys by table."""


def unfinished(link: Link) -> HealWindow:
    """Return what heals that did not end were to read: some of it may lie merged and uncounted."""
    values = {"source": link.system.source, "branch": link.branch_id}
    heals = [heal for (heal,) in link.connection.execute(STATEMENTS("unfinished_heals"), values)]
    stretches = {
        (start and datetime.fromisoformat(start), end and datetime.fromisoformat(end))
        for heal in heals
        for start, end in heal["stretches"]
    }
    # order_ids: as heals were recorded before there were declarations
    keys = {key for heal in heals for key in heal.get("keys", heal.get("order_ids", ()))}
    whole_tables = {name for heal in heals for name in heal.get("whole_tables", ())}
    return HealWindow(tuple(stretches), tuple(sorted(keys)), tuple(whole_tables))


def not_read_again(link: Link, table: Table, window: HealWindow, load_id: str | None) -> list[int]:
    """Return the keys of a window's rows that the heal did not bring again."""
    root_table = link.system.root
    rows = in_raw(link, table, table.needed, "listed")
    query = sa.select(rows.c[table.key]).where(alive(rows, link), rows.c._dlt_load_id != load_id)
    if table.belongs_to_a_day:
        root = in_raw(link, root_table, root_table.needed, "root")
        query = query.where(
            root.c.branch_id == link.branch_id,
            rows.c[table.root_key] == root.c[root_table.key],
            window.condition(root_table, root, POSTGRES),
        )
    found = link.connection.execute(POSTGRES.compile(query).encode())
    return sorted(key for (key,) in found)


def roots_of(link: Link, table: Table, keys: Sequence[int]) -> dict[int, int]:
    """Return, of some keys, those that the till still has, with the row that dates each."""
    found: dict[int, int] = {}
    if not keys:
        return found
    rows = at_till(table, table.needed, "listed")
    with link.till.engine.connect() as connection:
        for start in range(0, len(keys), KEYS_PER_QUERY):
            some = keys[start : start + KEYS_PER_QUERY]
            query = sa.select(rows.c[table.key], rows.c[table.root_key].label("root"))
            query = query.where(rows.c[table.key].in_(some))
            found.update({row[0]: row[1] for row in connection.execute(query)})
    return found


def incomplete_tables(link: Link, survey: Survey) -> Iterator[str]:
    """Yield the tables without business dates whose keys are not those of the till.

    A product whose row commits late is missed by its cursor, and no day would show it.

    Args:
        link: the till and its raw tables.
        survey: what the till has.
    """
    with link.till.engine.connect() as till:
        for table in survey.tables:
            if table.belongs_to_a_day or not exists(
                link.connection, f"{link.system.raw}.{table.name}"
            ):
                continue
            rows = at_till(table, table.needed, "listed")
            at_the_till = till.execute(
                sa.select(sa.func.count(), sa.func.sum(rows.c[table.key]))
            ).one()
            landed = link.connection.execute(
                STATEMENTS("keys_in_raw", raw=link.raw(table), key=table.key),
                {"branch": link.branch_id},
            ).fetchone()
            if tuple(at_the_till) != landed:
                yield table.name


def orphans_gone(link: Link) -> Keys:
    """Return the keys of rows that went with their parent, or without one, by table.

    They are on no business date, so no comparison shows that they are gone. Those of a deleted
    parent go with it, whatever the till keeps of them; those whose parent never came wait in the
    quarantine, and are looked up at the till.

    Args:
        link: the till and its raw tables.
    """
    gone: Keys = {}
    root = link.system.root
    has_quarantine = exists(link.connection, "audit.quarantine")
    for table in link.system.tables:
        if not table.parent_key or not exists(link.connection, f"{link.system.raw}.{table.name}"):
            continue
        parts = {
            "raw": link.raw(table), "key": table.key, "parent_key": table.parent_key,
            "root": link.raw(root), "root_key": root.key,
        }  # fmt: skip
        values = {
            "source": link.system.source, "table": table.name, "branch": link.branch_id,
        }  # fmt: skip
        lost = _keys(link, "without_their_parent", parts, values)
        if has_quarantine:
            root_parts = {name: parts[name] for name in ("root", "root_key")}
            waiting = _keys(link, "waiting_for_their_parent", root_parts, values)
            found = roots_of(link, table, waiting)
            lost += [key for key in waiting if key not in found]
        if lost:
            gone[table] = lost
    return gone


def _keys(link: Link, name: str, parts: Mapping[str, Any], values: Mapping[str, Any]) -> list[int]:
    return [key for (key,) in link.connection.execute(STATEMENTS(name, **parts), values)]


def take_back(connection: Connection, system: System, branch_id: str) -> None:
    """Delete what first loads that were cut short left of a branch.

    Args:
        connection: a connection as loader.
        system: the till's system.
        branch_id: the branch.
    """
    with connection.transaction():
        for table in system.tables:
            if not exists(connection, f"{system.raw}.{table.name}"):
                continue
            raw = sql.Identifier(system.raw, table.name)
            # The lock waits for a copy that outlives its killed client.
            connection.execute(sql.SQL("lock {} in share row exclusive mode").format(raw))
            connection.execute(STATEMENTS("take_back", raw=raw), {"branch": branch_id})
