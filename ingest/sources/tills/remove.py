"""Take a till out: its rows leave the marts with the next run, and the raw layer after that.

Facts see only what has landed since they were built, and there are two versions of them. So all of
the till's rows are marked as deleted first, by a load that every model sees, and taken out of the
raw layer once both versions were built without them.
"""

from __future__ import annotations

import sqlalchemy as sa

from ingest.loads import packages
from ingest.loads.raw_tables import exists
from ingest.loads.source import Session
from ingest.loads.statements import Statements
from ingest.sources.tills.connect import TillError, configured
from ingest.sources.tills.declaration import declared, known_systems, source_name
from ingest.sources.tills.dialects import POSTGRES
from ingest.sources.tills.lost import take_back
from ingest.sources.tills.tables import InRaw

STATEMENTS = Statements(__file__)


def remove(session: Session, till_id: str) -> int:
    """Mark all that has come of a till as deleted, and forget its loads and comparisons.

    Args:
        session: the session.
        till_id: the till, as the configuration called it.

    Returns:
        How many rows were marked.

    Raises:
        TillError: it is still configured, or nothing of it has ever come in.
    """
    for till in configured():
        if till_id == till.till_id:
            raise TillError(
                f"The till {till_id} is still configured and would come in again: take "
                f"{till.section} out of the configuration first."
            )
    found = session.connection.execute(
        "select source, array_agg(branch_id) from audit.till_branches"
        " where till_id = %s and removed_at is null group by source",
        [till_id],
    ).fetchall()
    if not found:
        raise TillError(
            f"Nothing has ever come in of a till {till_id!r}: see audit.till_branches. A till of "
            "mypizza is called by its branch."
        )
    return sum(_mark(_raw(session, source, till_id, branches)) for source, branches in found)


def purge(session: Session, source: str) -> None:
    """Take out of the raw layer what both versions of the marts were built without.

    Args:
        session: the session.
        source: the tills' source.
    """
    if not exists(session.connection, "audit.publications"):
        return
    for (till_id,) in session.connection.execute(
        STATEMENTS("removed_tills"), {"source": source}
    ).fetchall():
        raw = _raw(session, source, till_id, [])
        with session.connection.transaction():
            take_back(raw)
            packages.forget(session.connection, raw.system.raw, raw.schema_name)
            session.connection.execute(
                "delete from audit.till_branches where source = %s and till_id = %s",
                [source, till_id],
            )


def _raw(session: Session, source: str, till_id: str, branch_ids: list[str]) -> InRaw:
    name = next((name for name in known_systems() if source_name(name) == source), source)
    return InRaw(
        system=declared(name), connection=session.connection, till_id=till_id, branch_ids=branch_ids
    )


def _mark(raw: InRaw) -> int:
    connection, system = raw.connection, raw.system
    marked = 0
    with connection.transaction():
        load_id = packages.new_load_id(connection, system.raw)
        for table in filter(raw.has, system.tables):
            rows = raw.table(table)
            statement = sa.update(rows).values(_deleted_at=sa.func.now(), _dlt_load_id=load_id)
            marked += connection.execute(
                POSTGRES.compile(statement.where(raw.alive(rows))).encode()
            ).rowcount
        packages.complete(connection, system.raw, raw.schema_name, load_id)
        connection.execute(
            STATEMENTS("forget_till"), {"source": system.source, "till": raw.till_id}
        )
    return marked
