"""A person at a till becomes nobody in the raw layer, by what the declaration says of them.

What a till still has comes again: with the next change, a heal, a full reload. So every erasure is
remembered in `audit.erasures`, and done again on all rows that have come in since, at the end of
each load. Money, dates and keys stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from ingest.loads import packages
from ingest.loads.source import Connection
from ingest.sources.tills.connect import Till
from ingest.sources.tills.declaration import System, Table
from ingest.sources.tills.dialects import POSTGRES
from ingest.sources.tills.tables import Condition, InRaw

ERASURES = sa.table("erasures", sa.column("branch_id"), sa.column("customer_id"), schema="audit")


def erase(raw: InRaw) -> int:
    """Erase what has come in of a till's erased people since they were last erased.

    Args:
        raw: the till's raw tables.

    Returns:
        How many raw rows were changed.
    """
    connection, system = raw.connection, raw.system
    with connection.transaction():
        row = connection.execute(
            "select min(coalesce(applied_load_id, '')), count(*) from audit.erasures"
            " where branch_id = any(%s)",
            [raw.branch_ids],
        ).fetchone()
        if row is None or not row[1]:
            return 0
        changed = 0
        for table in system.tables:
            erased = {**table.erased, **dict.fromkeys(table.emptied)}
            present = {
                name: erased[name] for name in erased if name in raw.types.get(table.name, {})
            }
            if present:
                changed += _erase(raw, table, present, row[0])
        # Rows of a load in flight carry a later id than the last complete one: they come again.
        load_id = packages.last_complete(connection, system.raw, raw.schema_name)
        connection.execute(
            "update audit.erasures set erased_at = clock_timestamp(), applied_load_id = %s,"
            " row_count = row_count + %s where branch_id = any(%s)",
            [load_id, changed, raw.branch_ids],
        )
    return changed


def remember(raw: InRaw, till: Till) -> None:
    """Write down which branches a till has, and how its database says which: models need it.

    Args:
        raw: the till's raw tables.
        till: the till.
    """
    with raw.connection.transaction():
        raw.connection.execute(
            "delete from audit.till_branches where source = %s and till_id = %s",
            [raw.system.source, raw.till_id],
        )
        raw.connection.cursor().executemany(
            "insert into audit.till_branches values (%s, %s, %s, %s)",
            [
                (
                    raw.system.source,
                    raw.till_id,
                    branch.branch_id,
                    None if value is None else str(value),
                )
                for branch, value in till.branches.items()
            ],
        )


def knows(raw: InRaw, person: str) -> bool:
    """Say whether a person has ever come in from a till.

    Args:
        raw: the till's raw tables.
        person: their key there.
    """
    for table in raw.system.tables:
        if table.parent or not raw.has(table):
            continue
        rows = raw.rows(table)
        if table.person and table.person in rows.c:
            is_person = sa.cast(rows.c[table.person], sa.Text) == person
            if raw.fetch(sa.select(sa.true()).where(raw.of_till(rows), is_person).limit(1)):
                return True
    return False


def _erase(raw: InRaw, table: Table, erased: Mapping[str, str | bool | None], after: str) -> int:
    rows = raw.table(table)
    statement = (
        sa.update(rows)
        .values({rows.c[name]: value for name, value in erased.items()})
        .where(
            raw.of_till(rows),
            rows.c._dlt_load_id > after,
            _is_of_erased(raw, table, rows),
            sa.or_(*(rows.c[name].is_distinct_from(value) for name, value in erased.items())),
        )
    )
    return raw.connection.execute(POSTGRES.compile(statement).encode()).rowcount


def _is_of_erased(raw: InRaw, table: Table, rows: sa.FromClause) -> Condition:
    """Return the condition that rows are of an erased person, or their parents are."""
    if table.person and table.person in rows.c:
        people = sa.select(ERASURES.c.customer_id).where(ERASURES.c.branch_id.in_(raw.branch_ids))
        return sa.cast(rows.c[table.person], sa.Text).in_(people)
    if not table.parent:
        return sa.false()
    parent = raw.system.table(table.parent)
    above = raw.rows(parent, f"{parent.name}_above")
    return raw.belongs_to_some(table, rows, above, _is_of_erased(raw, parent, above))


def tills_of(connection: Connection, system: System, branch_ids: list[str]) -> dict[str, list[str]]:
    """Return the tills that ever were of some branches, each with those branches of it.

    Args:
        connection: a connection to the warehouse.
        system: the tills' system.
        branch_ids: the branches.
    """
    if system.till_column == "branch_id":
        return {branch_id: [branch_id] for branch_id in branch_ids}
    found: dict[str, list[str]] = {}
    rows = connection.execute(
        "select till_id, branch_id from audit.till_branches"
        " where source = %s and branch_id = any(%s)",
        [system.source, branch_ids],
    )
    for till_id, branch_id in rows:
        found.setdefault(till_id, []).append(branch_id)
    return found
