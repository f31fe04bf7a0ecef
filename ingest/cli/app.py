"""The command line `mypizza`: its groups of commands."""

from __future__ import annotations

import sys

import typer

from ingest.cli import errors, metrics


def run() -> None:
    """Run the command line."""
    app = typer.Typer(
        help="The analytics warehouse of a food business: land, reconcile, build, audit, publish.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # what loads needs libraries that take a second: a question to the metrics does not
    if sys.argv[1:2] != ["metrics"]:
        _add_the_others(app)
    app.add_typer(metrics.app, name="metrics")
    errors.run(app)


def _add_the_others(app: typer.Typer) -> None:
    from ingest.cli import (
        files,
        follow,
        loading,
        people,
        products,
        publication,
        run_all,
        status,
        tills,
        warehouse,
    )

    for group in (run_all, follow, warehouse, publication, loading, status, products, people):
        app.add_typer(group.app)
    app.add_typer(tills.app, name="till")
    app.add_typer(files.app, name="file")
