"""The command that proposes which products of several till systems are the same one."""

from __future__ import annotations

import csv
import sys
from typing import Annotated

import typer

from ingest import warehouse as warehouse_module
from ingest.cli import audit
from ingest.cli.console import say, show

app = typer.Typer()

SEED = ("system", "product_id", "chain_product_id")
"""The columns of seeds/chain_products.csv."""


@app.command()
def products(
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print rows for seeds/chain_products.csv.")
    ] = False,
) -> None:
    """Propose which products of several till systems are the same: those with one name and size."""
    warehouse = warehouse_module.resolve()
    with warehouse.connect() as connection:
        rows = audit.rows(connection, "products", "marts.dim_products")
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows(
            [row[name] for name in SEED] for row in rows
        )
        return
    if not rows:
        say("No two till systems have a product of the same name that is not mapped yet.")
        return
    columns = (*SEED, "product_name", "size")
    show(
        "Products of the same name",
        columns,
        [[row[name] or "" for name in columns] for row in rows],
    )
    say(
        f"{len(rows):,} product(s). Look at each, then: mypizza products --csv >> "
        "seeds/chain_products.csv. The next run makes them one in the marts."
    )
