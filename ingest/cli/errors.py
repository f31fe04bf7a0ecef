"""What becomes of an error: one sentence and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

import psycopg

from ingest.cli import INTERRUPTED, stopped
from ingest.cli.console import fail
from ingest.warehouse import WarehouseError, trouble


def run(app: Callable[[], object]) -> None:
    """Run a command line; an expected error is one sentence and exit code 1.

    Args:
        app: the command line.
    """
    try:
        app()
    except WarehouseError as error:
        fail(str(error))
    except psycopg.errors.InsufficientPrivilege as error:
        fail(
            f"The warehouse's user lacks a right ({error.diag.message_primary}): its schemas must "
            "belong to the user in PGUSER, or be granted to it by their owner."
        )
    except psycopg.OperationalError as error:
        fail(trouble(error) or str(error).strip())
    except SystemExit as end:
        # Typer answers Ctrl+C with this code alone
        if end.code == INTERRUPTED:
            stopped()
        sys.exit(end.code)
