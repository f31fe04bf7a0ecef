"""Errors as people see them: one sentence and an exit code."""

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
            f"The warehouse's user lacks a right ({error.diag.message_primary}): the user in "
            f"PGUSER must own the schemas, or their owner must grant the right."
        )
    except psycopg.OperationalError as error:
        fail(trouble(error) or str(error).strip())
    except SystemExit as end:
        # Typer answers Ctrl+C with this code alone
        if end.code == INTERRUPTED:
            stopped()
        sys.exit(end.code)
