"""The commands about files."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest.cli import ending_at_once
from ingest.cli.console import say, show

app = typer.Typer(help="Look at a file that is not declared yet.", no_args_is_help=True)


@app.callback()
def files() -> None:
    """Look at a file that is not declared yet."""


@app.command()
def check(
    place: Annotated[
        list[str], typer.Argument(help="A file, a folder, a pattern, or such a URL; or files.")
    ],
    name: Annotated[str | None, typer.Option(help="What the feed is to be called.")] = None,
    branch: Annotated[str | None, typer.Option(help="The branch that the files are of.")] = None,
    encoding: Annotated[str | None, typer.Option(help="If the guess is wrong.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="If the guess is wrong.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Of an Excel file; default its first.")] = None,
    header: Annotated[str | None, typer.Option(help="What the header's line begins with.")] = None,
) -> None:
    """Say how a file is written, and print its declaration and its model; loads nothing."""
    # For the start-up time: the sources bring dlt, pyarrow and SQLAlchemy, which take a second.
    with ending_at_once():
        from ingest.sources.files.check import check as look_at

    checked = look_at(
        place, name, branch=branch, encoding=encoding, delimiter=delimiter, sheet=sheet,
        header=header,
    )  # fmt: skip
    show(
        "Columns",
        ("in the file", "in the warehouse", "looks like", "example", "different values"),
        checked.columns,
    )
    for fact in checked.facts:
        say(fact)
    for doubt in checked.doubts:
        say(f"Not sure: {doubt}", "red")
    for block in checked.blocks:
        say(f"\n{block}")
