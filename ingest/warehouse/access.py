"""The way in: find the warehouse, start it where it is the embedded one, check it."""

from __future__ import annotations

import os
from dataclasses import replace

from ingest.warehouse import rights, server
from ingest.warehouse.connection import Warehouse, configured, is_embedded


def resolve() -> Warehouse:
    """Find the warehouse, start it if it is the embedded one, and check that it can be used.

    Returns:
        The warehouse; its libpq variables stand in `os.environ`.

    Raises:
        WarehouseError: unreachable, wrong login, older than Postgres 16, or a missing right.
    """
    warehouse = server.start() if is_embedded() else configured()
    rights.check(warehouse)
    if not warehouse.password:
        # From PGPASSFILE or .pgpass: said aloud, it is the same for every driver.
        with warehouse.connect() as connection:
            warehouse = replace(warehouse, password=connection.info.password or "")
    # Not PGHOST in the embedded case alone: a child process must find the same warehouse.
    os.environ.update(warehouse.environment)
    os.environ["MYPIZZA_EMBEDDED"] = "1" if warehouse.embedded else ""
    return warehouse


def administrator() -> Warehouse:
    """Return the warehouse with the login that administers it.

    Returns:
        The embedded server's own administrator, after a start where that is needed; of another
        server whoever libpq's variables name. They may be those of `mypizza env`.
    """
    if not is_embedded() and not server.is_embedded_one(warehouse := configured()):
        return warehouse
    server.start()
    return server.embedded_administrator()
