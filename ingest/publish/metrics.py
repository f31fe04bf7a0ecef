"""The semantic layer on the command line: MetricFlow's own commands, on what is published."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import click
from dbt.adapters.factory import get_adapter_by_type
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from dbt_metricflow.cli.dbt_connectors.dbt_config_accessor import dbtArtifacts
from dbt_metricflow.cli.main import list_command_group, query
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)

from ingest.publish.dbt import run_dbt, target_folder
from ingest.warehouse import Warehouse, WarehouseError, become_reader

# Called one by one: the group `mf` above them asks PyPI for a newer version at every start.
COMMANDS = {"list": list_command_group, "query": query}

# MetricFlow would write six digits, and so leave the cents of a large sum out; what is piped into
# another program gets the table alone.
DEFAULTS = {"decimals": 4, "quiet": not sys.stdout.isatty()}

ONE_CURRENCY = re.compile(r"""(currency['"]|Entity\(\s*['"]branch['"])\s*\)\s*\}\}\s*=\s*'""")
"""A filter by which one currency is left: it names one, or one branch."""


class Configuration(CLIConfiguration):  # type: ignore[misc]  # its package has no types here
    """MetricFlow's own, but about the marts that are published.

    By itself it reads the metrics in the folder `target` of the project, where the last build has
    left those of `marts_next`.

    Attributes:
        currencies: how many currencies the branches have that the login may see.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        """Read the metrics, and prepare to ask the warehouse for their values.

        Args:
            warehouse: where the marts are; its libpq variables are put into `os.environ`.

        Raises:
            WarehouseError: nothing was published yet, or the login may not read it.
        """
        super().__init__()
        with warehouse.connect(name="mypizza metrics") as connection:
            if connection.execute("select to_regclass('marts.dim_branches')").fetchone() == (None,):
                raise WarehouseError(
                    "There are no metrics yet: no version of the marts is published, or you may "
                    "not read it. mypizza run builds and publishes one."
                )
            role = become_reader(connection)
            (self.currencies,) = connection.execute(
                "select count(distinct currency) from marts.dim_branches"
            ).fetchone() or (0,)
        os.environ.update(warehouse.environment, DBT_TARGET="live", MYPIZZA_READ_AS=role)
        # A folder apart: the target `live` would otherwise spoil the next build's partial parse.
        target_dir = target_folder() / "metrics"
        parsed = run_dbt(
            "--quiet", "--write-json", "parse", "--target=live", f"--target-path={target_dir}"
        )
        if not parsed.success:
            raise WarehouseError(f"dbt cannot read the metrics: {parsed.exception}")
        manifest = (target_dir / "semantic_manifest.json").read_text(encoding="utf-8")
        self.setup()
        # where its messages say that the metrics are
        self.dbt_project_metadata.project.target_path = str(target_dir)
        self._dbt_artifacts = dbtArtifacts(
            profile=self.dbt_project_metadata.profile,
            project=self.dbt_project_metadata.project,
            adapter=get_adapter_by_type("postgres"),
            semantic_manifest=parse_manifest_from_dbt_generated_manifest(manifest),
        )

    def refuse_mixed_currencies(
        self, metrics: Iterable[str], group_by: Iterable[str], where: Iterable[str]
    ) -> None:
        """Raise a `WarehouseError` where a query would add money of two currencies.

        Args:
            metrics: the names of the metrics that are asked for.
            group_by: what they are grouped by.
            where: the filters.
        """
        # MetricFlow does not mind how a name is written
        money = sorted({name.lower() for name in metrics} & set(self.money()))
        names = [name.lower() for name in group_by]
        apart = any(name == "branch" or name.endswith("currency") for name in names)
        chosen = any(ONE_CURRENCY.search(text) for text in where)
        if money and self.currencies > 1 and not apart and not chosen:
            raise WarehouseError(
                f"{', '.join(money)}: money of {self.currencies} currencies cannot be added. Add "
                "branch__currency to --group-by, or --where \"{{ Dimension('branch__currency') }} "
                "= 'USD'\"."
            )

    def money(self) -> list[str]:
        """Return the metrics that are amounts of money, or are made of some, by name."""
        return [
            metric.name
            for metric in self.semantic_manifest.metrics
            if metric.config and metric.config.meta.get("is_money")
        ]


def run_metricflow(
    command: Literal["list", "query"], warehouse: Warehouse, arguments: Sequence[str]
) -> None:
    """Run a command of MetricFlow on what is published, and end this process with its exit code.

    Args:
        command: which one.
        warehouse: where the marts are.
        arguments: the command's own, as for `mf list` and `mf query`.

    Raises:
        WarehouseError: nothing was published yet, or the query would add two currencies.
    """
    try:
        with COMMANDS[command].make_context(
            f"mypizza metrics {command}", list(arguments), default_map=DEFAULTS
        ) as context:
            context.obj = Configuration(warehouse)
            if command == "query":
                context.obj.refuse_mixed_currencies(
                    *(context.params[name] or [] for name in ("metrics", "group_by", "where"))
                )
            COMMANDS[command].invoke(context)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)


def definitions(warehouse: Warehouse) -> dict[str, list[tuple[str, str]]]:
    """Return what can be asked for.

    Args:
        warehouse: where the marts are.

    Returns:
        The names and descriptions of the metrics, and those of the saved queries.
    """
    manifest: Any = Configuration(warehouse).semantic_manifest
    return {
        kind: sorted((each.name, " ".join((each.description or "").split())) for each in found)
        for kind, found in (
            ("Metrics", manifest.metrics),
            ("Saved queries", manifest.saved_queries),
        )
    }
