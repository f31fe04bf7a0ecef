"""Whether a till is still the one that the raw layer knows: asked before anything is loaded."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from psycopg import sql

from ingest.loads.statements import Statements
from ingest.sources.tills.connect import Till
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.tables import AtTill, InRaw, Key, Keys
from ingest.sources.tills.window import HealWindow

STATEMENTS = Statements(__file__)

WITNESSES = 200
"""How many known rows are looked up to tell whether a till is still the same."""

LARGEST_LOSS = Decimal("0.2")
"""The share of a table's rows that a till may lose; more is treated as an accident."""

SMALL_LOSS = 10
"""This many rows may always be missing, because a share of few rows means little."""


A_DAY = 86_400_000_000
"""In microseconds."""


def doubt(till: AtTill, raw: InRaw) -> str | None:
    """Return one sentence where a till no longer has the rows that the raw layer knows of it.

    A till that was restored empty counts from 1 again, and its first new order would take the place
    of the oldest one by its key. So some orders, spread over all, are looked up at the till before
    anything is loaded: they must be there, on the same day give or take one.

    Args:
        till: the till.
        raw: its raw tables.
    """
    root, part = raw.system.root, till.till.part
    if not raw.has(root) or not till.has(root):
        return None
    moment = str(root.business_time)
    statement = STATEMENTS(
        "witnesses", root=raw.name(root), moment=moment, till=raw.system.till_column,
        keys=sql.SQL(", ").join(map(sql.Identifier, root.key)),
    )  # fmt: skip
    known: dict[Key, Decimal | None] = {
        tuple(key): day
        for day, *key in raw.connection.execute(
            statement, {"till": raw.till_id, "witnesses": WITNESSES}
        )
    }
    if not known:
        return None
    rows = till.rows(root, "root")
    query = sa.select(
        till.dialect.microseconds(rows.c[moment]).label("moment"), *till.key(root, rows)
    ).where(till.keyed(root, rows, list(known)))
    with till.asking(root), till.till.engine.connect() as connection:
        found = {tuple(row[1:]): row[0] for row in connection.execute(query)}
    lost = sum(key not in found or not _is_near(found[key], then) for key, then in known.items())
    if lost <= max(SMALL_LOSS, int(LARGEST_LOSS * len(known))):
        return None
    return (
        f"The till of {part} has lost or replaced {lost:,} of {len(known):,} "
        f"{root.name} that were looked up there; it may have been emptied, restored badly or "
        f"confused with another till. Nothing is loaded from it. Restore the till, or, if its "
        f"data are right, run mypizza reconcile {_branches(raw)} --accept-loss."
    )


def _is_near(one: Decimal | int | None, other: Decimal | None) -> bool:
    """Say whether two moments are within a day, as after a clock change."""
    if one is None or other is None:
        return one == other
    return abs(Decimal(one) - other) <= A_DAY


def too_much_gone(till: Till, raw: InRaw, gone: Keys, compared: HealWindow) -> str | None:
    """Return one sentence if a till has lost too much to be believed.

    Args:
        till: the till.
        raw: its raw tables.
        gone: the keys that it no longer has, by table.
        compared: what was compared, against which the loss is measured.
    """
    for table, keys in gone.items():
        if len(keys) <= SMALL_LOSS:
            continue
        known = _known_rows(raw, table, compared)
        if len(keys) > LARGEST_LOSS * known:
            return (
                f"The till of {till.part} has lost {len(keys):,} of {known:,} rows of "
                f"{table.name} in the compared days; it may have been emptied or restored badly. "
                f"Nothing is marked as deleted. Restore the till, or, if the rows were deleted on "
                f"purpose, run mypizza reconcile {_branches(raw)} --accept-loss."
            )
    return None


def _branches(raw: InRaw) -> str:
    return " ".join(f"--branch {branch_id}" for branch_id in raw.branch_ids)


def _known_rows(raw: InRaw, table: Table, compared: HealWindow) -> int:
    """Return how many rows the raw layer has of the compared days, or of a table without days."""
    rows = raw.rows(table)
    query = sa.select(sa.func.count()).select_from(rows).where(raw.alive(rows))
    if table.belongs_to_a_day:
        query = query.where(compared.condition(raw, table, rows))
    ((known,),) = raw.fetch(query)
    return int(known)
