"""Takes what streams have brought apart, once, so that live need not do it for each query."""

from __future__ import annotations

from ingest.loads.raw_tables import exists
from ingest.loads.statements import Statements
from ingest.warehouse import Warehouse

STATEMENTS = Statements(__file__)
RECENT = "audit.recent_events"
READ = (RECENT, "restricted.base_streams__messages")


def forget(warehouse: Warehouse) -> None:
    """Keep nothing, because nobody follows any more or somebody is erased.

    Live takes apart itself what it does not find here.

    Args:
        warehouse: where live is.

    Raises:
        WarehouseError: the warehouse cannot be reached.
    """
    with warehouse.connect(name="mypizza follow") as connection:
        if exists(connection, RECENT):
            connection.execute("delete from audit.recent_events")


def take_apart(warehouse: Warehouse) -> None:
    """Keep the events of the last minutes for live, where a build has made its place.

    Args:
        warehouse: where live is.

    Raises:
        WarehouseError: the warehouse cannot be reached.
    """
    with warehouse.connect(name="mypizza follow") as connection:
        if all(exists(connection, name) for name in READ):
            connection.execute(STATEMENTS("taken_apart"))
