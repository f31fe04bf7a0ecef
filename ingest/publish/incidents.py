"""Tells the webhook of incidents as soon as live has them, each of them once."""

from __future__ import annotations

import os

from ingest.loads.raw_tables import exists
from ingest.loads.statements import Statements
from ingest.publish import alert
from ingest.warehouse import Warehouse

STATEMENTS = Statements(__file__)
MOST = 20
"""So many incidents are one message; the others are in the next one."""


def tell(warehouse: Warehouse) -> None:
    """Tell of the incidents of which nobody was told yet, and write down that it was done.

    Args:
        warehouse: where live is.

    Raises:
        WarehouseError: the warehouse cannot be reached.
    """
    if not os.environ.get(alert.ADDRESS):
        return
    with warehouse.connect(name="mypizza follow") as connection:
        if not exists(connection, "live.sensor_incidents"):
            return
        found = connection.execute(STATEMENTS("untold"), {"most": MOST}).fetchall()
        if not found or not alert.send("\n".join(sentence for _, sentence in found)):
            return
        connection.cursor().executemany(
            "insert into audit.told (incident_key) values (%s) on conflict do nothing",
            [(key,) for key, _ in found],
        )
