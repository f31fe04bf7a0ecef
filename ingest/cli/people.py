"""The right to erasure: a person at a till becomes nobody in the warehouse, and stays nobody.

What a till still has comes again: with the next change, a heal, a full reload. So every erasure is
remembered in `audit.erasures`, by branch and customer number alone, and each load ends by erasing
what has come in of these people. Money, dates and keys stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from psycopg import sql

from ingest import warehouse as warehouse_module
from ingest.cli.console import say
from ingest.cli.loading import sources_of
from ingest.loads import driver, raw_tables
from ingest.loads.source import Session, Source
from ingest.warehouse import WarehouseError

app = typer.Typer()


@app.command("forget-customer")
def forget_customer(
    branch: Annotated[str, typer.Argument(help="The branch's id.")],
    customer_id: Annotated[int, typer.Argument(help="The customer's number at that branch.")],
) -> None:
    """Erase who a customer was, for good: name, addresses, notes, tickets. Money stays."""
    sources = sources_of(None, None)
    warehouse = warehouse_module.resolve()
    with (
        warehouse_module.lock(warehouse, "forget-customer"),
        driver.session(warehouse, "mypizza erasure") as opened,
    ):
        if not _is_known(opened, sources, branch, customer_id):
            raise WarehouseError(
                f"No customer {customer_id} has come in from the branch {branch!r}: look for "
                "branch_id and customer_id in marts.dim_customers."
            )
        with opened.connection.transaction():
            opened.connection.execute(
                "insert into audit.erasures (branch_id, customer_id) values (%s, %s)"
                " on conflict (branch_id, customer_id) do update set applied_load_id = null",
                [branch, customer_id],
            )
            rows = driver.erase(opened, sources)
        _vacuum(opened, sources)
    say(
        f"{rows} raw rows of customer {customer_id} of {branch} are anonymous, and stay so after "
        "every load. The marts follow with their next build, and the version before them with the "
        "one after that: mypizza run. The till itself is not ours to change."
    )


def _is_known(opened: Session, sources: Sequence[Source], branch_id: str, customer_id: int) -> bool:
    """Say whether a customer has ever come in: any raw table may name one."""
    for source in sources:
        for table, columns in raw_tables.columns(opened.connection, source.raw).items():
            if {"branch_id", "customer_id"} <= columns.keys():
                found = opened.connection.execute(
                    sql.SQL("select 1 from {} where branch_id = %s and customer_id = %s").format(
                        sql.Identifier(source.raw, table)
                    ),
                    [branch_id, customer_id],
                ).fetchone()
                if found:
                    return True
    return False


def _vacuum(opened: Session, sources: Sequence[Source]) -> None:
    """Clear away the rows as they were, which would lie in the tables' files for a while."""
    for source in sources:
        for table in source.tables():
            if raw_tables.exists(opened.connection, f"{source.raw}.{table}"):
                opened.connection.execute(
                    sql.SQL("vacuum {}").format(sql.Identifier(source.raw, table))
                )
