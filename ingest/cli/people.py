"""The command that erases a person."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest import warehouse as warehouse_module
from ingest.cli.console import Wait, say
from ingest.cli.loading import sources_of
from ingest.loads import driver, erasure
from ingest.publish import recent

app = typer.Typer()


@app.command("forget-customer")
def forget_customer(
    branch: Annotated[str, typer.Argument(help="The branch's id.")],
    customer_id: Annotated[str, typer.Argument(help="The customer's number at that branch.")],
    wait: Wait = 0,
) -> None:
    """Erase a customer's personal data for good: name, addresses, notes, tickets. Money stays."""
    sources = sources_of(None, None)
    warehouse = warehouse_module.resolve()
    with (
        warehouse_module.lock(warehouse, "forget-customer", wait),
        driver.session(warehouse, "mypizza erasure") as opened,
    ):
        rows = erasure.forget(opened, sources, branch, customer_id)
        recent.forget(warehouse)
    say(
        f"{rows} raw rows of customer {customer_id} of {branch} are anonymised, and later loads "
        f"will be, too. The marts follow with the next build (mypizza run), the version kept for "
        f"rollback with the one after it. The till still has the data; topics, and files of posts, "
        f"tickets and reviews, may have some: erase the customer there, too."
    )
