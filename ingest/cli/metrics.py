"""The commands of the semantic layer."""

from __future__ import annotations

import typer

from ingest.cli.console import PASSED_ON, show
from ingest.cli.warehouse import readable

app = typer.Typer(
    help="Query the metrics of the published marts, by MetricFlow.", no_args_is_help=True
)


@app.command("list", context_settings=PASSED_ON)
def metrics_list(context: typer.Context) -> None:
    """List the metrics, or with `dimensions --metrics orders` what they can be grouped by."""
    # For the start-up time of the other commands: MetricFlow brings dbt.
    from ingest.publish.metrics import definitions, run_metricflow

    if context.args:
        run_metricflow("list", readable(), context.args)
        return
    for kind, rows in definitions(readable()).items():
        show(kind, ("name", "what it is"), rows)


@app.command("query", context_settings=PASSED_ON)
def metrics_query(context: typer.Context) -> None:
    """Query metrics, for example --metrics net_revenue --group-by branch."""
    # for the start-up time, as above
    from ingest.publish.metrics import run_metricflow

    run_metricflow("query", readable(), context.args)
