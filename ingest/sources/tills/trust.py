"""Whether a till is still the one that the raw layer knows: asked before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import sqlalchemy as sa

from ingest.loads.raw_tables import exists
from ingest.loads.statements import Statements
from ingest.sources.tills.connect import Link
from ingest.sources.tills.days import Stretch, within
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.dialect import POSTGRES
from ingest.sources.tills.tables import alive, at_till, in_raw

STATEMENTS = Statements(__file__)

WITNESSES = 200
"""How many known rows are looked up to tell whether a till is still the same."""

LARGEST_LOSS = Decimal("0.2")
"""The share of a table's rows that a till may lose; more is treated as an accident."""

SMALL_LOSS = 10
"""This many rows may always be missing, because a share of few rows means little."""


def doubt(link: Link) -> str | None:
    """Return one sentence where a till no longer has the rows that the raw layer knows of it.

    A till that was restored empty counts from 1 again, and its first new order would take the place
    of the oldest one by its key. So some orders, spread over all, are looked up at the till before
    anything is loaded: they must be there, on the same day give or take one.

    Args:
        link: the till and its raw tables.
    """
    root = link.system.root
    if not exists(link.connection, f"{link.system.raw}.{root.name}"):
        return None
    statement = STATEMENTS(
        "witnesses", root=link.raw(root), key=root.key, moment=str(root.business_time)
    )
    known: dict[int, Decimal | None] = dict(
        link.connection.execute(
            statement, {"branch": link.branch_id, "witnesses": WITNESSES}
        ).fetchall()
    )
    if not known:
        return None
    rows = at_till(root, root.needed, "root")
    dialect = link.till.dialect
    day = dialect.day_of_epoch.format(dialect.compile(rows.c[str(root.business_time)]))
    query = sa.select(rows.c[root.key], sa.literal_column(day)).where(rows.c[root.key].in_(known))
    with link.till.engine.connect() as connection:
        found = {row[0]: row[1] for row in connection.execute(query)}
    lost = sum(key not in found or not _is_near(found[key], then) for key, then in known.items())
    if lost <= max(SMALL_LOSS, int(LARGEST_LOSS * len(known))):
        return None
    return (
        f"The till of {link.branch_id} has lost or replaced {lost:,} of {len(known):,} "
        f"{root.name} that were looked up there; it may have been emptied, restored badly or "
        f"confused with another till. Nothing is loaded from it. Restore the till, or, if its "
        f"data are right, run "
        f"mypizza reconcile --branch {link.branch_id} --accept-loss."
    )


def _is_near(one: Decimal | None, other: Decimal | None) -> bool:
    """Say whether two days are the same, give or take one, as after a clock change."""
    return one == other or (one is not None and other is not None and abs(one - other) <= 1)


def too_much_gone(
    link: Link, gone: Mapping[Table, Sequence[object]], compared: Stretch
) -> str | None:
    """Return one sentence if a till has lost too much to be believed.

    Args:
        link: the till and its raw tables.
        gone: the keys that it no longer has, by table.
        compared: from when to when it was compared, against which the loss is measured.
    """
    for table, keys in gone.items():
        if len(keys) <= SMALL_LOSS:
            continue
        known = _known_rows(link, table, compared)
        if len(keys) > LARGEST_LOSS * known:
            return (
                f"The till of {link.branch_id} has lost {len(keys):,} of {known:,} rows of "
                f"{table.name} in the compared days; it may have been emptied or restored badly. "
                f"Nothing is marked as deleted. Restore the till, or, if the rows were deleted on "
                f"purpose, run mypizza "
                f"reconcile --branch {link.branch_id} --accept-loss."
            )
    return None


def _known_rows(link: Link, table: Table, compared: Stretch) -> int:
    """Return how many rows the raw layer has of the compared days, or of a table without days."""
    rows = in_raw(link, table, table.needed, "listed")
    query = sa.select(sa.func.count()).select_from(rows).where(alive(rows, link))
    if table.belongs_to_a_day:
        root_table = link.system.root
        root = in_raw(link, root_table, root_table.needed, "root")
        query = query.where(
            root.c.branch_id == link.branch_id,
            rows.c[table.root_key] == root.c[root_table.key],
            within(root.c[str(root_table.business_time)], compared, POSTGRES),
        )
    row = link.connection.execute(POSTGRES.compile(query).encode()).fetchone()
    return int(row[0]) if row else 0
