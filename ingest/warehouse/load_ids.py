"""Ids of loads: seconds of the warehouse's clock, above every id that is recorded."""

from __future__ import annotations

from typing import Any

import psycopg
from dlt.common import time as dlt_time
from psycopg import sql

from ingest.warehouse.settings import read_sql


def next_load_id(connection: psycopg.Connection[tuple[Any, ...]], raw_schema: str) -> str:
    """Return an id for a load that is newer than every load of the schema.

    Models take the highest id for the newest load. A client's clock that is behind, or was ahead in
    an earlier run, must not change their order.

    Args:
        connection: a connection to the warehouse.
        raw_schema: the schema with dlt's table `_dlt_loads`, which need not exist.

    Returns:
        Seconds since 1970, as text with all of a float's digits.
    """
    ((now, exists),) = connection.execute(
        read_sql("clock").encode(), {"loads": f"{raw_schema}._dlt_loads"}
    ).fetchall()
    newest = 0.0
    if exists:
        ((newest,),) = connection.execute(
            sql.SQL("select coalesce(max(cast(load_id as double precision)), 0) from {}").format(
                sql.Identifier(raw_schema, "_dlt_loads")
            )
        ).fetchall()
    # a microsecond: a float of this size cannot tell much less
    return f"{max(now, newest + 1e-6):.7f}"


def follow_the_warehouse(connection: psycopg.Connection[tuple[Any, ...]], raw_schema: str) -> None:
    """Let dlt's next packages have ids above `next_load_id`, wherever this machine's clock is.

    dlt takes its ids from one strictly increasing clock, which goes on from its last value; so it
    is that value that we set.
    """
    dlt_time.increasing_precise_time._last = max(
        dlt_time.increasing_precise_time._last, float(next_load_id(connection, raw_schema))
    )
