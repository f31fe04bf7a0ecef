"""The commands of the lake."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest import warehouse as warehouse_module
from ingest.cli.console import Json, Wait, say, show, show_json
from ingest.cli.loading import sources_of
from ingest.warehouse import WarehouseError, first_line

app = typer.Typer(help="The lake: the warehouse's tables as Iceberg tables.", no_args_is_help=True)


@app.command()
def sync(
    everything: Annotated[
        bool, typer.Option("--all", help="Compare each row, and not only how many there are.")
    ] = False,
    wait: Wait = 0,
    as_json: Json = False,
) -> None:
    """Bring the lake up to the warehouse: raw rows, history, and the published marts."""
    # for the start-up time of other commands
    from ingest.lake.catalog import UNREACHABLE, lake, open_catalog

    declared = lake()
    warehouse = warehouse_module.resolve()
    raws = [source.raw for source in sources_of(None, None)]
    with warehouse_module.lock(warehouse, "lake sync", wait):
        catalog = open_catalog(warehouse, declared)
        # not before it is known that Iceberg's library is there
        from ingest.lake.expiry import expire
        from ingest.lake.sync import sync as bring

        try:
            done = list(bring(warehouse, catalog, raws, everything=everything))
            expired = expire(catalog, declared.keep_days)
        except (OSError, ValueError) as error:  # a store's; Arrow's are such, too
            raise WarehouseError(
                UNREACHABLE.format(url=declared.url, reason=first_line(error))
            ) from None
    if as_json:
        show_json({"tables": done, "files_expired": expired})
    else:
        show(
            "Lake",
            ("table", "rows", "written"),
            [(f"{one.schema}.{one.table}", f"{one.row_count:,}", f"{one.copied:,}")
             for one in done if one.copied],
        )  # fmt: skip
        say(f"{len(done)} tables in the lake at {declared.url}.")
    differing = [f"{one.schema}.{one.table} ({', '.join(one.differing)})" for one in done
                 if one.differing]  # fmt: skip
    if differing:
        say(
            f"The lake differs from the warehouse in {'; '.join(differing)}: run mypizza lake sync "
            "--all, and report it if it stays.",
            "red",
        )
        raise typer.Exit(1)
