"""The commands about tills."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest import warehouse as warehouse_module
from ingest.cli import ending_at_once
from ingest.cli.console import Wait, say, show
from ingest.loads import driver

app = typer.Typer(help="Look at a till, declare one, take one out.", no_args_is_help=True)


@app.callback()
def tills() -> None:
    """Look at a till, declare one, take one out."""


@app.command()
def check(till: Annotated[str, typer.Argument(help="As the configuration calls it.")]) -> None:
    """Say what a till has and what is missing; loads nothing. Exit code 1 if something is."""
    # For the start-up time: the sources bring dlt, pyarrow and SQLAlchemy, which take a second.
    with ending_at_once():
        from ingest.sources.tills.check import check as look_at

    found = look_at(till)
    show(
        f"Till {till}", ("table", "rows", "columns", "days", "first", "last", "clock"), found.tables
    )
    for fact in found.facts:
        say(fact)
    for problem in found.problems:
        say(problem, "red")
    if found.problems:
        raise typer.Exit(1)
    say("Nothing is missing: run mypizza run.")


@app.command()
def new(
    till: Annotated[str, typer.Argument(help="As the configuration calls it, or its address.")],
    name: Annotated[str, typer.Option(help="What the till system is to be called.")],
    schema: Annotated[str | None, typer.Option(help="The database's schema.")] = None,
) -> None:
    """Write a first declaration of a till system from a till's database."""
    # For the start-up time: the sources bring dlt, pyarrow and SQLAlchemy, which take a second.
    with ending_at_once():
        from ingest.sources.tills import propose

    file = propose.new(name, till, schema)
    say(
        f"Written: {file}. Finish it, add {name} to vars.systems in dbt_project.yml, write "
        f"the till into .dlt/config.toml and run mypizza till check."
    )


@app.command()
def remove(
    till: Annotated[str, typer.Argument(help="As the configuration called it.")], wait: Wait = 0
) -> None:
    """Take a till out that is no longer configured, with all of its rows."""
    with ending_at_once():
        from ingest.sources.tills.remove import remove as take_out

    warehouse = warehouse_module.resolve()
    with (
        warehouse_module.lock(warehouse, "till remove", wait),
        driver.session(warehouse, "mypizza till remove") as opened,
    ):
        rows = take_out(opened, till)
    say(
        f"{rows:,} rows of the till {till} are taken out: they leave the marts with the next run "
        f"(mypizza run), and the raw layer once both versions of the marts were built without them."
    )
