"""The commands of the semantic layer."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ingest.cli.console import show
from ingest.cli.warehouse import readable

if TYPE_CHECKING:
    from ingest.publish.metrics import Metrics

app = typer.Typer(
    help="Query the metrics of the published marts, by MetricFlow.", no_args_is_help=True
)
Kind = Literal["all", "metrics", "saved-queries", "dimensions", "entities", "dimension-values"]
Names = Annotated[str, typer.Option("--metrics", help="Names of metrics, with commas between.")]


@contextmanager
def _opened() -> Iterator[Metrics]:
    # For the start-up time of the other commands: MetricFlow takes half a second.
    from ingest.publish.metrics import Metrics

    metrics = Metrics(readable())
    try:
        yield metrics
    finally:
        metrics.close()


def _split(names: str) -> list[str]:
    return [name for name in names.split(",") if name.strip()]


@app.command("list")
def metrics_list(
    kind: Annotated[Kind, typer.Argument(help="What to list.")] = "all",
    metrics: Names = "",
    dimension: Annotated[str, typer.Option(help="Whose values: a dimension.")] = "",
) -> None:
    """List the metrics, or with `dimensions --metrics orders` what they can be grouped by."""
    with _opened() as layer:
        if kind == "dimension-values":
            from ingest.publish.metrics import Question

            _, rows = layer.ask(Question(_split(metrics)[:1], [dimension]))
            show("Values", (dimension,), [(str(row[0]),) for row in rows])
            return
        if kind in ("dimensions", "entities"):
            described = layer.names(_split(metrics)).described.items()
            found = [row for row in sorted(described) if kind == "dimensions" or "__" not in row[0]]
            show(kind.capitalize(), ("name", "what it is"), found)
            return
        manifest = layer.semantic_manifest
        for title, each in (
            ("Metrics", manifest.metrics),
            ("Saved queries", manifest.saved_queries),
        ):
            if kind in ("all", title.lower().replace(" ", "-")):
                rows = [(one.name, " ".join((one.description or "").split())) for one in each]
                show(title, ("name", "what it is"), sorted(rows))


@app.command("query")
def metrics_query(
    metrics: Names = "",
    group_by: Annotated[str, typer.Option(help="Dimensions: branch, channel, month.")] = "",
    where: Annotated[list[str] | None, typer.Option(help="Filter: \"currency = 'EUR'\".")] = None,
    order: Annotated[str, typer.Option(help="What to sort by; -name: highest first.")] = "",
    start_time: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day that counts.")
    ] = None,
    end_time: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day that counts.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="How many rows at most.")] = None,
    saved_query: Annotated[str | None, typer.Option(help="A saved query, by its name.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a file.")] = None,
    decimals: Annotated[int | None, typer.Option(min=0, help="Places of metrics.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the SQL instead.")] = False,
) -> None:
    """Query metrics, for example --metrics net_revenue --group-by branch,month."""
    with _opened() as layer:
        # for the start-up time, as above
        from ingest.publish.metric_table import marked, states, table, written
        from ingest.publish.metrics import Question

        question = Question(
            _split(metrics), _split(group_by), where or [], _split(order),
            start_time, end_time, limit, saved_query,
        )  # fmt: skip
        if explain:
            typer.echo(layer.sql(question))
            return
        names, rows = layer.ask(question)
        lines = written(layer, question, names, rows, decimals)
        found = states(layer, question, names, rows)
        if csv_file:
            with csv_file.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([*names, *["state"] * bool(found)])
                writer.writerows(
                    [*line, *found[index : index + 1]] for index, line in enumerate(lines)
                )
            return
        texts = {i for i in range(len(names)) if any(isinstance(r[i], str | date) for r in rows)}
        typer.echo(table(names, marked(names, lines, found), texts))
