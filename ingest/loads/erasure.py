"""The right to erasure: a person's data are removed from the warehouse and stay removed.

Every erasure is remembered in `audit.erasures`, by branch and customer number alone, and done again
on all rows that have come in since, at the end of each load: each source erases its own. Staging is
views on raw, so nothing is ever built from a row that an erasure has yet to reach.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from ingest.loads.driver import erase
from ingest.loads.raw_tables import exists
from ingest.loads.source import Session, Source
from ingest.loads.statements import Statements
from ingest.warehouse import WarehouseError

STATEMENTS = Statements(__file__)


def forget(session: Session, sources: Sequence[Source], branch_id: str, customer_id: str) -> int:
    """Erase a customer, now and after every future load.

    Args:
        session: the warehouse; the caller holds its lock.
        sources: all sources.
        branch_id: the branch whose customer it is.
        customer_id: the customer's key there.

    Returns:
        How many raw rows said something of the person.

    Raises:
        WarehouseError: nobody of that number has ever come in from that branch.
    """
    connection = session.connection
    with connection.transaction():
        if not any(source.knows(session, branch_id, customer_id) for source in sources):
            raise WarehouseError(
                f"The branch {branch_id!r} has no customer {customer_id}: look up branch_id and "
                f"customer_id in marts.dim_customers."
            )
        connection.execute(
            STATEMENTS("remember_erasure"), {"branch": branch_id, "customer": customer_id}
        )
        changed = erase(session, sources)
    for source in sources:
        for table in source.tables():
            if exists(connection, f"{source.raw}.{table}"):
                # the rows as they were would lie in the tables' files until somebody does this
                connection.execute(sql.SQL("vacuum {}").format(sql.Identifier(source.raw, table)))
    return changed
