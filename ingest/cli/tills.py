"""The commands about tills."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest.cli import ending_at_once
from ingest.cli.console import say, show

app = typer.Typer(help="Look at a till before it is loaded.", no_args_is_help=True)


@app.callback()
def tills() -> None:
    """Look at a till before it is loaded."""


@app.command()
def check(till: Annotated[str, typer.Argument(help="As the configuration calls it.")]) -> None:
    """Say what a till has and what is missing; loads nothing. Exit code 1 if something is."""
    # For the start-up time: the sources bring dlt, pyarrow and SQLAlchemy, which take a second.
    with ending_at_once():
        from ingest.sources.tills.check import check as look_at

    found = look_at(till)
    show(
        f"Till {till}",
        ("table", "rows", "columns", "first", "last"),
        [(name, f"{rows:,}", str(columns), *ends) for name, rows, columns, *ends in found.tables],
    )
    for problem in found.problems:
        say(problem, "red")
    if found.problems:
        raise typer.Exit(1)
    say("Nothing is missing: run mypizza run.")
