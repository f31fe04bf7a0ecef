"""What goes wrong with a server, in one sentence."""

from __future__ import annotations

import psycopg
import psycopg2

DISK_FULL = "53100"
"""Postgres' code for it."""

LOST = (psycopg.OperationalError, psycopg2.OperationalError, psycopg2.InterfaceError)
"""What the drivers raise where a server goes away in the middle."""


class WarehouseError(Exception):
    """The warehouse cannot be used; the message says why and what to do, in one sentence."""


class BusyError(WarehouseError):
    """Another command holds the warehouse's lock."""


def first_line(error: object) -> str:
    """Return the first line of what an error says: it has the reason, the others ask questions."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")


def trouble(error: BaseException, server: str = "the warehouse") -> str | None:
    """Return one sentence on an error that is the server's own: a full disk, a lost connection.

    Args:
        error: what psycopg or psycopg2 raised.
        server: whose server it is, in words.
    """
    why = first_line(error)
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "08"
    # a connection that is refused has no code
    if code == DISK_FULL or "No space left on device" in str(error):
        return (
            f"The disk of {server} is full ({why}): free some space and run again. Unfinished "
            f"work is rolled back or repeated."
        )
    if isinstance(error, LOST) and code.startswith(("08", "57P")):
        return (
            f"The connection to {server} was lost ({why}): check that the server is running, "
            f"and run again. Unfinished work is rolled back or repeated."
        )
    return None


def reason(error: BaseException) -> str:
    """Return an error's kind and the first line of its message.

    Args:
        error: what a library raised.
    """
    return f"{type(error).__name__}: {first_line(error).rstrip('.')}"
