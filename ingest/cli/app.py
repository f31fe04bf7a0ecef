"""The command line: its groups of commands, and what becomes of an error."""

from __future__ import annotations

import sys

import psycopg
import typer

from ingest.cli import INTERRUPTED, loading, metrics, people, publication, run_all, status, stopped
from ingest.cli import warehouse as warehouse_commands
from ingest.cli.console import fail
from ingest.warehouse import WarehouseError, trouble

app = typer.Typer(
    help="The analytics warehouse of a food business: land, reconcile, build, audit, publish.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (run_all, warehouse_commands, publication, loading, status, people):
    app.add_typer(group.app)
app.add_typer(metrics.app, name="metrics")


def run() -> None:
    """Run the command line; an expected error is one sentence and exit code 1."""
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
