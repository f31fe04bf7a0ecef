"""The command that erases a person."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest import warehouse as warehouse_module
from ingest.cli.console import Wait, say
from ingest.cli.loading import sources_of
from ingest.loads import driver, erasure

app = typer.Typer()


@app.command("forget-customer")
def forget_customer(
    branch: Annotated[str, typer.Argument(help="The branch's id.")],
    customer_id: Annotated[int, typer.Argument(help="The customer's number at that branch.")],
    wait: Wait = 0,
) -> None:
    """Erase who a customer was, for good: name, addresses, notes, tickets. Money stays."""
    sources = sources_of(None, None)
    warehouse = warehouse_module.resolve()
    with (
        warehouse_module.lock(warehouse, "forget-customer", wait),
        driver.session(warehouse, "mypizza erasure") as opened,
    ):
        rows = erasure.forget(opened, sources, branch, customer_id)
    say(
        f"{rows} raw rows of customer {customer_id} of {branch} are anonymous, and stay so after "
        "every load. The marts follow with their next build, and the version before them with the "
        "one after that: mypizza run. The till itself is not ours to change."
    )
