"""The command `mypizza-sample`: a company whose tills, bucket, web APIs and broker really run.

It starts them and writes where they are into `.dlt/secrets.toml`, as a user does with systems of
their own. Nothing in myPizza knows of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import datetime
from typing import Annotated

import typer

from ingest import warehouse as warehouse_module
from ingest.cli import errors, stopped
from ingest.cli.console import say, show
from ingest.warehouse import Warehouse
from sample import background, company, configuration, files, guests, sensors, shop
from sample.company import Size
from sample.web import Faults, Server

app = typer.Typer(
    help="The sample company: tills, a bucket, two web APIs, a web shop and sensors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


KEEP_PRICES = (
    *("dbt", "--quiet", "build", "--select", "+resource_type:snapshot"),
    *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
)
"""What keeps the prices as they are now, as any run of a real company before has done."""


@app.command()
def start(
    branch: Annotated[
        list[str] | None,
        typer.Option(help="Only the till of this branch; can be repeated. Default: all."),
    ] = None,
    weeks: Annotated[
        int | None, typer.Option(help="Only this many last weeks of the published year.")
    ] = None,
    scale: Annotated[
        int | None, typer.Option(help="A multiple of the published volume. Default: 1.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Trade on to this day, after a first load.",
        ),
    ] = None,
) -> None:
    """Start the sample company, unless it runs, and write its addresses.

    Complete systems are left as they are. The other options are remembered until the company is
    created again.
    """
    warehouse = warehouse_module.resolve()
    tills = company.create(warehouse, _size(branch, weeks, scale))
    if any(till.is_new for till in tills):
        show(
            "Tills",
            ("till", "orders", "order lines", "gross amount", "seconds"),
            [
                (
                    till.database, f"{till.orders:,}", f"{till.order_lines:,}",
                    f"{till.gross_amount:,}", f"{till.seconds:.1f}",
                )
                for till in tills
            ],
        )  # fmt: skip
    _catch_up(warehouse)
    _write_addresses(warehouse)
    if until and (days := (until.date() - company.last_day(warehouse)).days) > 0:
        # what is changed later has a price before, which only a load and the snapshots can have
        # seen; what is wrong with them, the next run says again
        for command in (("ingest",), KEEP_PRICES):
            subprocess.run([sys.executable, "-m", "ingest.cli", *command], check=False)
        _trade(warehouse, days)


@app.command()
def advance(days: Annotated[int, typer.Option(min=1, help="Days to trade on.")] = 1) -> None:
    """Let the company trade: sales, refunds, late commits, deliveries, posts, tickets."""
    _trade(warehouse_module.resolve(), days)


def _trade(warehouse: Warehouse, days: int) -> None:
    tradings = company.advance(warehouse, days=days)
    names = ["last_day", *(event.name for event in company.EVENTS)]
    show(
        "Traded",
        ("what", *(trading.branch_id for trading in tradings)),
        [
            (name.replace("_", " "), *(str(getattr(trading, name)) for trading in tradings))
            for name in names
        ],
    )
    _catch_up(warehouse)


@app.command()
def stop() -> None:
    """Stop the web APIs and remove the company's addresses from the configuration.

    Tills and bucket stay as they are; `start` resumes from there.
    """
    was_running = background.stop()
    configuration.take_out()
    say("The sample's web APIs are stopped." if was_running else "No web API was running.")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Default: a free port.")] = 0,
    too_many_every: Annotated[int, typer.Option(help="Answer each n-th request with 429.")] = 0,
    broken_every: Annotated[int, typer.Option(help="Answer each n-th request with 503.")] = 0,
    shift_every: Annotated[int, typer.Option(help="Change a row after each n-th page.")] = 0,
    token_requests: Annotated[int, typer.Option(help="A token expires after n requests.")] = 0,
) -> None:
    """Run the two web APIs in the foreground, with the given faults, until Ctrl+C."""
    faults = Faults(
        too_many_every=too_many_every,
        broken_every=broken_every,
        shift_every=shift_every,
        token_requests=token_requests,
    )
    with Server(faults=faults, port=port) as server:
        for source in ("social", "tickets"):
            url, secrets = server.access(source)
            for name, value in {"url": url, **secrets}.items():
                typer.echo(f"export SOURCES__{source.upper()}__{name.upper()}='{value}'")
        url, secrets = server.access("social")
        typer.echo(f"# curl -H 'X-Api-Key: {secrets['api_key']}' '{url}/posts?per_page=3'")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def _size(branches: Sequence[str] | None, weeks: int | None, scale: int | None) -> Size:
    """Return how large the company is: as asked for, else as it was made."""
    file = warehouse_module.warehouse_dir() / "sample" / "size.json"
    if not (branches or weeks or scale) and file.exists():
        return Size(**json.loads(file.read_text(encoding="utf-8")))
    size = Size(branches or (), weeks, scale)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(size)), encoding="utf-8")
    return size


def _catch_up(warehouse: Warehouse) -> None:
    """Let the bucket and the guests come up to the tills' last day."""
    bucket = files.create(warehouse)
    happened = guests.catch_up(warehouse)
    events = shop.catch_up(warehouse)
    readings = sensors.catch_up(warehouse)
    background.wait_for_events()
    if bucket.written:
        say(
            f"Bucket: {bucket.written:,} file(s) written up to {bucket.last_day} in "
            f"{bucket.seconds:.1f} s: {bucket.folder}"
        )
    if any(getattr(happened, field.name) for field in fields(happened)):
        say(
            f"Social posts: {happened.posts:,} new, {happened.changed_posts:,} changed, "
            f"{happened.deleted_posts:,} of them deleted. Support tickets: {happened.tickets:,} "
            f"new, {happened.changed_tickets:,} changed, {happened.reopened_tickets:,} of them "
            "reopened."
        )
    if events:
        say(f"Web shop: {events:,} new events.")
    if readings:
        say(f"Sensors: {readings:,} new readings.")


def _write_addresses(warehouse: Warehouse) -> None:
    """Start the web APIs, and write where everything is."""
    apis = background.start()
    background.wait_for_events()
    theirs = configuration.write(
        configuration.tills(warehouse, company.branches_of(warehouse))
        | configuration.feeds(files.folder())
        | {("sources", source): apis.access(source) for source in ("social", "tickets")}
        | {("sources", "streams"): {"bootstrap_servers": apis.bootstrap_servers}}
    )
    file = configuration.folder() / "secrets.toml"
    say(f"The sample company runs; {file} says where.")
    for section in theirs:
        say(f"[{section}] has an address of yours, and is left alone.", "yellow")
    if idle := configuration.tills_without_address():
        say(
            f"Not started: {', '.join(idle)}. mypizza run names these tills and ends with 1 while "
            "config.toml declares them.",
            "yellow",
        )


def main() -> None:
    """Run the command line."""
    try:
        errors.run(app)
    except KeyboardInterrupt:
        stopped()


if __name__ == "__main__":
    main()
