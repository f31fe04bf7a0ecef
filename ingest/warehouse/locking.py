"""The warehouse's lock for loads and builds, and the turns of what lands beside a build."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from ingest.warehouse.connection import Warehouse
from ingest.warehouse.errors import BusyError
from ingest.warehouse.settings import read_sql

LOCK_KEY = 0x70697A7A  # "pizz": any fixed number that no other program on the server uses
TURN_KEY = LOCK_KEY + 1
RUN_KEY = LOCK_KEY + 2
"""With a load's id: its session holds this lock while it runs, so that anybody can tell."""


@contextmanager
def lock(warehouse: Warehouse, command: str, wait: float = 0) -> Iterator[None]:
    """Hold the warehouse's one lock for loads and builds; the database frees it if we die.

    Args:
        warehouse: the warehouse to lock.
        command: what this process does, shown to whoever comes second.
        wait: how many seconds to wait for the lock while another process holds it.

    Raises:
        BusyError: another process holds it; the message says which, and since when.
    """
    name = f"mypizza {command}"[:40] + f" (process {os.getpid()})"
    with warehouse.connect(name=name) as connection:
        _acquire(connection, wait)
        _end_leftovers(connection)
        yield


def _acquire(connection: psycopg.Connection[tuple[Any, ...]], wait: float) -> None:
    # Developers build side by side in schemas of their own: each prefix has its own lock.
    deadline = time.monotonic() + wait
    is_told = False
    while connection.execute(
        "select pg_try_advisory_lock(%s, hashtext(%s))", [LOCK_KEY, _lock_scope()]
    ).fetchone() != (True,):
        holder = lock_holder(connection) or "a process that is ending"
        left = deadline - time.monotonic()
        if left <= 0:
            waited = f" I waited {wait:g} seconds." if wait else ""
            raise BusyError(
                f"The warehouse is busy: {holder}.{waited} Run again when it has ended, or with "
                "--wait SECONDS."
            )
        if not is_told:
            print(f"The warehouse is busy: {holder}. Waiting {wait:g} seconds.", file=sys.stderr)
            is_told = True
        time.sleep(min(1.0, left))


def _end_leftovers(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """End the queries that a killed command has left running.

    Only those that write under the lock, which we hold now: their command cannot be alive. Where
    developers share the server, each has a lock of their own, and so we end nothing.
    """
    if _lock_scope() == "":
        connection.execute(read_sql("end_leftovers").encode(), {"key": LOCK_KEY})


def lock_holder(connection: psycopg.Connection[tuple[Any, ...]]) -> str | None:
    """Say which process holds the lock, and since when, or return None where nobody does."""
    row = connection.execute(
        read_sql("lock_holder").encode(), {"key": LOCK_KEY, "scope": _lock_scope()}
    ).fetchone()
    if row is None:
        return None
    name, since, client = row
    return f"{name} on {client} has been running since {since:%Y-%m-%d %H:%M:%S} UTC"


@contextmanager
def turn(connection: psycopg.Connection[tuple[Any, ...]], source: str) -> Iterator[None]:
    """Wait for one's turn at a source that also lands while a build runs, and hold it.

    Args:
        connection: the session that lands.
        source: the source, as audit.loads names it.
    """
    key = [TURN_KEY, source]
    connection.execute("select pg_advisory_lock(%s, hashtext(%s))", key)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", key)


def _lock_scope() -> str:
    if os.environ.get("DBT_TARGET", "prod") in ("prod", "live"):
        return ""
    return os.environ.get("DBT_SCHEMA_PREFIX") or os.environ.get("USER") or ""
