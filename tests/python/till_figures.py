"""The tills' own day figures: queries on a till's tables that know nothing of the project's models.

They are written from the facts about the till systems alone, so that they can prove a mapping.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

QUERIES = Path(__file__).parent / "tills" / "figures"


def ask(connection: sa.Connection, query: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the rows of a query in `tills/figures`, by column.

    Args:
        connection: Of a till's database.
        query: The file's name without its ending, such as `odoo_postgres`.
        parameters: What the comment on top of the file names.
    """
    statement = sa.text((QUERIES / f"{query}.sql").read_text("utf-8"))
    return [dict(row) for row in connection.execute(statement, parameters).mappings()]


def zone_offsets(zone: str, first: datetime, last: datetime) -> str:
    """Return a zone's offsets from UTC between two moments, as the parameter of that name.

    Args:
        zone: Name of a time zone, such as `America/New_York`.
        first: Before the till's first payment, with a time zone.
        last: After the till's last payment, with a time zone.
    """
    moment, offsets = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0), []
    known = None
    while moment <= last:
        offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
        assert offset is not None
        if offset != known:
            since = moment.strftime("%Y-%m-%d %H:%M:%S")
            offsets.append({"since": since, "seconds": int(offset.total_seconds())})
            known = offset
        moment += timedelta(minutes=15)  # every zone's clock changes at a quarter of an hour
    return json.dumps(offsets)
