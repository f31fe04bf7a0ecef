"""The command `mypizza`: every step of the pipeline, for people and for schedulers.

Each command is idempotent, says in one sentence what is wrong, and answers with its exit code:
0 when all is well, 1 when something needs a person.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingest import alert, pipeline
from ingest import warehouse as warehouse_module
from ingest.dbt import run_dbt, write_profile
from ingest.warehouse import Warehouse, WarehouseError

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

    from ingest.pipeline import LoadResult
    from sample.files import Bucket
    from sample.web import Happened

app = typer.Typer(
    help="The analytics warehouse of a food business: land, reconcile, build, audit, publish.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
sample_app = typer.Typer(
    help="The sample company: five tills and two web APIs that really run.", no_args_is_help=True
)
app.add_typer(sample_app, name="sample")
metrics_app = typer.Typer(
    help="The figures of the semantic layer, by MetricFlow, of what is published.",
    no_args_is_help=True,
)
app.add_typer(metrics_app, name="metrics")

console = Console()
error_console = Console(stderr=True)

# dbt commands that write into the warehouse: one of them at a time.
WRITING_DBT_COMMANDS = {"build", "run", "test", "seed", "snapshot", "retry", "run-operation"}


@dataclass
class _Steps:
    """What a run did and how long each step took, in seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        console.print(f"[bold]{name}[/bold]")
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - started


@app.command()
def run(
    docs: Annotated[
        bool, typer.Option(help="Write the report and the docs site at the end.")
    ] = True,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build the large facts from scratch.")
    ] = False,
    unit_tests: Annotated[
        bool, typer.Option("--unit-tests", help="Test the models' code, too, as make test does.")
    ] = False,
) -> None:
    """Do the whole job: start, load, reconcile, build, test, publish, report, document."""
    with alert.on_failure("mypizza run") as problems:
        steps = _Steps()
        index: Path | None = None
        with steps.step("Warehouse"):
            warehouse = warehouse_module.resolve()
        with warehouse_module.lock(warehouse, "run"):
            if _has_sample_tills():
                with steps.step("Sample company"):
                    from sample import company, web
                    from sample import files as bucket

                    company.create(warehouse)
                    bucket.create(warehouse)
                    if _has_sample_apis():
                        web.catch_up(warehouse)
            with steps.step("Load and reconcile"):
                loads = _load(warehouse)
            with steps.step("Build, test and publish"):
                _protect_people(warehouse)
                built = run_dbt(
                    "build",
                    *(["--full-refresh"] if full_refresh else []),
                    *([] if unit_tests else ["--exclude-resource-type", "unit_test"]),
                )
            if docs and built.success:
                with steps.step("Report and docs"):
                    index = _write_site(warehouse)
        _summarise(warehouse, steps, loads, built, index)
        problems += [load.error for load in loads if load.error]
        problems += [] if built.success else [_why_not_published(warehouse, built)]
        if not built.success or any(load.outcome != "succeeded" for load in loads):
            raise typer.Exit(1)


@app.command()
def up() -> None:
    """Start the embedded Postgres, or check that the configured server can be used."""
    warehouse = warehouse_module.resolve()
    write_profile()
    console.print(f"The warehouse answers at {warehouse.host}:{warehouse.port}.")


@app.command("init-warehouse")
def init_warehouse(
    login: Annotated[
        str, typer.Option(help="The pipeline's own login; made where it is missing.")
    ] = warehouse_module.LOGIN,
) -> None:
    """Prepare a server of your own: roles, schemas, rights. Once, as its administrator.

    libpq's variables name the database and the administrator. The password of a login that has to
    be made is asked for, or taken from MYPIZZA_LOGIN_PASSWORD.
    """
    if warehouse_module.is_embedded():
        warehouse = warehouse_module.resolve()
        console.print(f"The embedded warehouse at port {warehouse.port} is prepared.")
        return
    warehouse = warehouse_module.configured()
    is_new = warehouse_module.init_warehouse(warehouse, login, _new_password)
    console.print(
        f"The database {warehouse.database} is prepared. The pipeline's login is {login}"
        f"{' (made just now)' if is_new else ''}: run everything else with PGUSER={login}."
    )


@app.command("add-reader")
def add_reader(
    login: Annotated[str, typer.Argument(help="The name of the login.")],
    branch: Annotated[
        list[str] | None, typer.Option(help="Only the rows of this branch; may be repeated.")
    ] = None,
) -> None:
    """Make a login that reads the marts, for an analyst, a branch's manager or a BI tool.

    On a server of your own as its administrator. The password is asked for, or taken from
    MYPIZZA_LOGIN_PASSWORD. Once more for the same login, it changes password and branches.
    """
    warehouse = warehouse_module.administrator()
    is_new = warehouse_module.add_reader(warehouse, login, _new_password(), branch or ())
    console.print(
        f"The login {login} {'is made' if is_new else 'is changed'} and reads the marts of "
        f"{'the branch ' + ' and '.join(branch) if branch else 'all branches'}. Connect to host "
        f"{warehouse.host}, port {warehouse.port}, database {warehouse.database}, schema marts "
        "(docs/how-to/connect.md).",
        markup=False,
        soft_wrap=True,
    )


@app.command("remove-reader")
def remove_reader(
    login: Annotated[str, typer.Argument(help="The name of the login.")],
) -> None:
    """Take away a login that add-reader made."""
    warehouse_module.remove_reader(warehouse_module.administrator(), login)
    console.print(f"The login {login} is gone.", markup=False)


def _new_password() -> str:
    password = os.environ.get("MYPIZZA_LOGIN_PASSWORD")
    return password or str(
        typer.prompt("Password of the new login", hide_input=True, confirmation_prompt=True)
    )


@app.command()
def down() -> None:
    """Stop the embedded Postgres; its data stays in .warehouse/."""
    if not warehouse_module.is_embedded():
        raise WarehouseError("PGHOST names a server of your own: myPizza does not stop that one.")
    was_running = warehouse_module.stop()
    console.print("The embedded server is stopped." if was_running else "No server was running.")


@app.command()
def env() -> None:
    """Print the exports that let any libpq client connect: eval "$(mypizza env)"."""
    for name, value in warehouse_module.resolve().environment.items():
        quoted = "'" + value.replace("'", "'\\''") + "'"
        typer.echo(f"export {name}={quoted}")


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def psql(context: typer.Context) -> None:
    """Open psql on the warehouse; what follows -- goes to psql."""
    environment = os.environ | _readable().environment
    program = str(warehouse_module.BIN_DIR / "psql")
    arguments = ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", *context.args]
    raise typer.Exit(subprocess.run([program, *arguments], env=environment).returncode)


@app.command(
    context_settings={
        "ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": [],
    },
)  # fmt: skip
def dbt(context: typer.Context) -> None:
    """Run dbt on the warehouse: mypizza dbt build --select dim_products+."""
    warehouse = warehouse_module.resolve()
    if WRITING_DBT_COMMANDS.intersection(context.args):
        with warehouse_module.lock(warehouse, f"dbt {' '.join(context.args)}"):
            _protect_people(warehouse)
            result = run_dbt(*context.args)
    else:
        result = run_dbt(*context.args)
    raise typer.Exit(0 if result.success else 1)


@app.command()
def ingest(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources; default all.")] = None,
    branch: Annotated[list[str] | None, typer.Option(help="Only these branches.")] = None,
) -> None:
    """Load what is new at the sources, and reconcile it."""
    warehouse = warehouse_module.resolve()
    with warehouse_module.lock(warehouse, "ingest"):
        loads = _load(warehouse, sources, branch)
    _say_what_happened(loads)
    if any(load.outcome != "succeeded" for load in loads):
        raise typer.Exit(1)


@app.command()
def reconcile(
    branch: Annotated[list[str] | None, typer.Option(help="Only these branches.")] = None,
    date_from: Annotated[str | None, typer.Option("--from", help="First business date.")] = None,
    date_to: Annotated[str | None, typer.Option("--to", help="Last business date.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All days, not the last 35.")] = False,
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Believe a till that lost more than a fifth; all days."),
    ] = False,
) -> None:
    """Compare tills and warehouse per branch and business day, and heal what differs."""
    from ingest.reconcile import reconcile as compare_and_heal

    warehouse = warehouse_module.resolve()
    with warehouse_module.lock(warehouse, "reconcile"):
        results = compare_and_heal(
            warehouse, branch, _date(date_from), _date(date_to),
            full=everything, accept_loss=accept_loss,
        )  # fmt: skip
    table = Table("branch", "days compared", "healed", "still differing", "seconds")
    for result in results:
        table.add_row(
            result.branch_id,
            f"{result.days:,}",
            ", ".join(map(str, result.healed)) or "none",
            f"[red]{escape(result.problem)}[/red]" if result.problem else "none",
            f"{result.seconds:.1f}",
        )
    console.print(table)
    if any(result.problem for result in results):
        raise typer.Exit(1)


@app.command()
def quarantine(
    source: Annotated[str | None, typer.Option(help="Only this source, for example pos.")] = None,
    branch: Annotated[str | None, typer.Option(help="Only this branch.")] = None,
    records: Annotated[
        bool, typer.Option("--records", help="Show the records as they landed, too.")
    ] = False,
    released: Annotated[
        bool, typer.Option("--released", help="Show those that were released, too.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Show no more than so many.")] = 50,
) -> None:
    """List the records that were held back, and why. They flow once they are corrected."""
    warehouse = warehouse_module.resolve()
    choice = {"source": source, "branch": branch, "released": released, "limit": limit}
    with warehouse.connect() as connection:
        rows = _query(connection, "audit.quarantine", QUARANTINE, choice)
    columns = ("since", "source", "table", "record", "reasons", *(["released"] if released else []))
    table = Table(*columns, title="Quarantine")
    for since, source_name, table_name, key, reasons, record, released_at, _ in rows:
        shown = "; ".join(reasons) + (f"\n{record}" if records else "")
        table.add_row(
            _minute(since), source_name, table_name, key, escape(shown),
            *([_minute(released_at) if released_at else "waits"] if released else []),
        )  # fmt: skip
    total = rows[0][-1] if rows else 0
    if rows:
        console.print(table)
    console.print(
        f"{total:,} record(s), {len(rows):,} shown. Correct them at their source, or mend the rule "
        "in their base model (docs/quarantine.md): the next run takes them in by itself."
        if rows
        else "No record is in quarantine."
    )


@app.command("forget-customer")
def forget_customer(
    branch: Annotated[str, typer.Argument(help="The branch's id.")],
    customer_id: Annotated[int, typer.Argument(help="The customer's number at that branch.")],
) -> None:
    """Erase who a customer was, for good: name, addresses, notes, tickets. Money stays."""
    from ingest import erasure

    warehouse = warehouse_module.resolve()
    with (
        warehouse_module.lock(warehouse, "forget-customer"),
        warehouse.connect(name="mypizza erasure", role=warehouse_module.LOADER) as connection,
    ):
        pipeline.prepare_audit(connection)
        rows = erasure.forget(connection, branch, customer_id)
        for table in erasure.ERASED:
            # the rows as they were would lie in the tables' files until somebody else does this
            connection.execute(f"vacuum raw_pos.{table}")
        if pipeline.exists(connection, "raw_tickets.tickets"):
            connection.execute("vacuum raw_tickets.tickets")
    console.print(
        f"{rows} raw rows of customer {customer_id} of {branch} are anonymous, and stay so after "
        "every load. The marts follow with their next build, and the version before them with the "
        "one after that: mypizza run. The till itself is not ours to change."
    )


@app.command()
def rollback() -> None:
    """Publish again the version before this one; possible until the next build begins."""
    warehouse = warehouse_module.resolve()
    with warehouse_module.lock(warehouse, "rollback"):
        result = run_dbt("--quiet", "run-operation", "rollback")
    if not result.success:
        raise typer.Exit(1)
    console.print("The version published before is published again, until the next build.")


@app.command()
def docs(
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write report, docs and lineage of what is published, and the index page that opens them."""
    index = _write_site(warehouse_module.resolve())
    console.print(f"Open {index.as_uri()}", soft_wrap=True)
    if open_it:
        typer.launch(index.as_uri())


@app.command()
def report() -> None:
    """Write the report of what is published, one page that opens offline, and say where it is.

    It holds what your login may read: a branch manager's report is about the own branch.
    """
    from report.page import build_report

    console.print(f"The report: {build_report(_readable()).as_uri()}", soft_wrap=True)


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(help="Where it answers, on this machine alone.")] = 8501,
) -> None:
    """Open the report's charts interactively, for your browser on this machine, until Ctrl+C.

    They show what your login may read: a branch manager's are about the own branch.
    """
    if find_spec("streamlit") is None:
        raise WarehouseError(
            "The dashboard needs Streamlit: pip install -e '.[dashboard]' in the project's folder."
        )
    from report.dashboard import NO_WAY_OUT, command

    environment = os.environ | _readable().environment | NO_WAY_OUT
    with suppress(KeyboardInterrupt):
        raise typer.Exit(subprocess.run(command(port), env=environment).returncode)


METRICFLOW = {
    "ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": [],
}  # fmt: skip


@metrics_app.command("list", context_settings=METRICFLOW)
def metrics_list(context: typer.Context) -> None:
    """Say what can be asked for; mypizza metrics list dimensions --metrics orders: by what."""
    from ingest.metrics import definitions, run_metricflow

    if context.args:
        run_metricflow("list", _readable(), context.args)
        return
    for kind, rows in definitions(_readable()).items():
        table = Table("name", "what it is", title=kind)
        for name, description in rows:
            table.add_row(name, escape(description))
        console.print(table)


@metrics_app.command("query", context_settings=METRICFLOW)
def metrics_query(context: typer.Context) -> None:
    """Ask for figures: mypizza metrics query --metrics net_revenue --group-by branch."""
    from ingest.metrics import run_metricflow

    run_metricflow("query", _readable(), context.args)


def _readable() -> Warehouse:
    """Find the warehouse for somebody who may only read: nothing else is asked of the login."""
    return (
        warehouse_module.start()
        if warehouse_module.is_embedded()
        else warehouse_module.configured()
    )


@app.command()
def status() -> None:
    """Say when each source was last loaded and what is published; exit code 1 on trouble."""
    warehouse = warehouse_module.resolve()
    with warehouse.connect() as connection:
        holder = warehouse_module.lock_holder(connection)
        loads = _query(connection, "audit.loads", LAST_LOADS)
        publications = _query(connection, "audit.publications", LAST_PUBLICATIONS)
        quarantined = {
            (source, place): count
            for source, place, count in _query(connection, "audit.quarantine", IN_QUARANTINE)
        }
    console.print(f"Running now: {holder}" if holder else "Nothing is running.")

    problems: list[str] = []
    table = Table(
        "source", "branch", "last success", "lag", "rows", "till = raw", "quarantine", "outcome",
        title="Loads",
    )  # fmt: skip
    for source, branch_id, succeeded_at, lag, rows, days, differing, outcome, error in loads:
        place = f"{source} {branch_id}" if branch_id else source
        if outcome == "running" and not holder:
            outcome, error = "interrupted", "Its process ended before the load did; run it again."
        if outcome not in ("succeeded", "running"):
            problems.append(f"{place}: {error}")
        if lag is None or lag > STALE:
            problems.append(f"{place}: the last success is more than {STALE} ago.")
        if differing:
            problems.append(f"{place}: {differing:,} of {days:,} days differ from the till.")
        table.add_row(
            source,
            branch_id,
            _minute(succeeded_at),
            "" if lag is None else f"{lag / timedelta(hours=1):,.1f} h",
            f"{rows or 0:,}",
            f"{days - differing:,} of {days:,} days" if days else "",
            f"{quarantined.get((source, branch_id.rpartition(' ')[2]), 0):,}",
            outcome,
        )
    console.print(table)

    table = Table("when", "outcome", "marts", "rows", title="Publications")
    for finished_at, outcome, marts, rows, _ in publications:
        table.add_row(_minute(finished_at), outcome, str(marts), f"{rows:,}")
    console.print(table)
    if not publications:
        problems.append("Nothing was published yet: mypizza run.")
    elif publications[0][1] == "failed":
        problems.append(f"The last build was not published: {publications[0][4]}")

    for problem in problems:
        console.print(f"[red]{escape(problem)}[/red]", soft_wrap=True)
    if problems:
        raise typer.Exit(1)


@sample_app.command("create")
def sample_create(
    scale: Annotated[
        int | None, typer.Option(min=1, help="Times the published volume; default once.")
    ] = None,
) -> None:
    """Make the five tills with the published year, the bucket, and what guests said of it.

    What is complete is left alone.
    """
    from sample import company, web
    from sample import files as bucket

    warehouse = warehouse_module.resolve()
    table = Table("till", "orders", "order lines", "gross amount", "seconds")
    for till in company.create(warehouse, scale=scale):
        table.add_row(
            till.database,
            f"{till.orders:,}",
            f"{till.order_lines:,}",
            f"{till.gross_amount:,}",
            f"{till.seconds:.1f}" if till.is_new else "already there",
        )
    console.print(table)
    _say_what_was_written(bucket.create(warehouse))
    _say_what_guests_said(web.catch_up(warehouse))


@sample_app.command("advance")
def sample_advance(
    days: Annotated[int, typer.Option(min=1, help="Days to trade on.")] = 1,
) -> None:
    """Let the company trade on: sales, refunds, late commits, deliveries, posts, tickets."""
    from sample import company, web
    from sample import files as bucket

    warehouse = warehouse_module.resolve()
    tradings = company.advance(warehouse, days=days)
    table = Table("", *(trading.branch_id for trading in tradings))
    for name in ["last_day", *(event.name for event in company.EVENTS)]:
        values = (getattr(trading, name) for trading in tradings)
        table.add_row(name.replace("_", " "), *map(str, values))
    console.print(table)
    _say_what_was_written(bucket.create(warehouse))
    _say_what_guests_said(web.catch_up(warehouse))


def _say_what_was_written(bucket: Bucket) -> None:
    console.print(
        f"Bucket: {bucket.written:,} file(s) written up to {bucket.last_day} in "
        f"{bucket.seconds:.1f} s: {bucket.folder}",
        soft_wrap=True,
    )


@sample_app.command("serve")
def sample_serve(
    port: Annotated[int, typer.Option(help="Default: one that is free.")] = 0,
    too_many_every: Annotated[int, typer.Option(help="Answer each n-th request with 429.")] = 0,
    broken_every: Annotated[int, typer.Option(help="Answer each n-th request with 503.")] = 0,
    shift_every: Annotated[int, typer.Option(help="Change a row after each n-th page.")] = 0,
    token_requests: Annotated[int, typer.Option(help="A token is good for n requests.")] = 0,
) -> None:
    """Run the two web APIs in the foreground, as unreliable as wanted, until Ctrl+C."""
    from sample.web import Faults, Server

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


def _say_what_guests_said(happened: Happened) -> None:
    console.print(
        f"Social posts: {happened.posts:,} new, {happened.changed_posts:,} changed, "
        f"{happened.deleted_posts:,} of them deleted. Support tickets: {happened.tickets:,} new, "
        f"{happened.changed_tickets:,} changed, {happened.reopened_tickets:,} of them reopened."
    )


STALE = timedelta(hours=50)
"""A source that has not come in for so long needs a person; its freshness test says the same."""

LAST_LOADS = """
    select
        l.source,
        concat_ws(' ', l.branch_id, l.tables ->> 'feed'),
        max(l.finished_at) filter (where l.outcome = 'succeeded'),
        now() - max(l.finished_at) filter (where l.outcome = 'succeeded'),
        sum(l.row_count) filter (where l.outcome = 'succeeded'),
        max(r.days),
        max(r.differing),
        (array_agg(l.outcome order by l.started_at desc))[1],
        (array_agg(l.error order by l.started_at desc))[1]
    from audit.loads as l
    cross join lateral (
        select
            count(distinct business_date) as days,
            count(distinct business_date) filter (
                where difference <> 0 and not is_open_day
            ) as differing
        from audit.reconciliation
        where source = l.source and branch_id = l.branch_id
    ) as r
    group by l.source, l.branch_id, l.tables ->> 'feed'
    order by 1, 2
"""

QUARANTINE = """
    select
        quarantined_at, source_name, table_name, record_key, reasons, raw_record, released_at,
        count(*) over ()
    from audit.quarantine
    where
        source_name = coalesce(%(source)s, source_name)
        and coalesce(branch_id, '') = coalesce(%(branch)s, branch_id, '')
        and (released_at is null or %(released)s)
    order by is_held_with_its_order, quarantined_at desc, source_name, table_name, record_key
    limit %(limit)s
"""

IN_QUARANTINE = """
    select
        source_name,
        case when source_name = 'files' then table_name else coalesce(branch_id, '') end as place,
        count(*)
    from audit.quarantine
    where released_at is null
    group by source_name, place
"""

LAST_PUBLICATIONS = """
    select
        finished_at,
        outcome,
        (select count(*) from jsonb_object_keys(models)),
        (select coalesce(sum(value::bigint), 0) from jsonb_each_text(models)),
        reason
    from audit.publications
    order by finished_at desc
    limit 5
"""


def main() -> None:
    """Run the command line; an expected error is one sentence and exit code 1."""
    pipeline.prepare()
    try:
        app()
    except WarehouseError as error:
        _fail(str(error))
    except psycopg.errors.InsufficientPrivilege as error:
        _fail(
            f"The warehouse's user lacks a right ({error.diag.message_primary}): its schemas must "
            "belong to the user in PGUSER, or be granted to it by their owner."
        )
    except psycopg.OperationalError as error:
        _fail(warehouse_module.trouble(error) or str(error))


def _fail(sentence: str) -> None:
    error_console.print(f"[red]{escape(sentence)}[/red]", soft_wrap=True)
    sys.exit(1)


def _load(
    warehouse: Warehouse,
    sources: Sequence[str] | None = None,
    branches: Sequence[str] | None = None,
) -> list[LoadResult]:
    return pipeline.run(warehouse, sources, branches)


def _protect_people(warehouse: Warehouse) -> None:
    """Before anything is built: the salt is the wanted one, and who was erased is erased."""
    from ingest import erasure

    warehouse_module.keep_salt(warehouse)
    with warehouse.connect(name="mypizza erasure", role=warehouse_module.LOADER) as connection:
        erasure.reapply_all(connection)


def _why_not_published(warehouse: Warehouse, built: dbtRunnerResult) -> str:
    messages = [result.message for result in getattr(built.result, "results", None) or []]
    for message in [*messages, built.exception]:
        if "No space left on device" in str(message):
            return (
                "The disk of the warehouse is full: make room there and run again; what is "
                "published stays."
            )
    with warehouse.connect() as connection:
        publications = _query(connection, "audit.publications", LAST_PUBLICATIONS)
    reason = publications[0][4] if publications else None
    return reason or "dbt could not build: see its log."


def _has_sample_tills() -> bool:
    from ingest.sources import pos

    return any(till.is_sample for till in pos.configured_tills())


def _has_sample_apis() -> bool:
    from ingest import web

    return any(web.is_sample(source) for source in ("social", "tickets"))


def _query(
    connection: Any, table: str, query: str, parameters: dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Run a query on a table that the first run has yet to make: no table, no rows."""
    if connection.execute("select to_regclass(%s)", [table]).fetchone()[0] is None:
        return []
    rows: list[tuple[Any, ...]] = connection.execute(query, parameters).fetchall()
    return rows


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise WarehouseError(f"{text!r} is no date: write it as 2015-12-31.") from None


def _minute(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "never"


def _loads_table(loads: Sequence[LoadResult]) -> Table:
    table = Table("source", "branch", "kind", "rows", "seconds", "outcome", title="Loads")
    for load in loads:
        table.add_row(
            load.source,
            # a load of one table is a feed's
            " ".join(
                filter(None, (load.branch_id, *(load.tables if len(load.tables) == 1 else ())))
            ),
            load.kind,
            f"{load.row_count:,}",
            f"{load.seconds:.1f}",
            load.outcome if load.outcome == "succeeded" else f"[red]{load.outcome}[/red]",
        )
    return table


def _say_what_happened(loads: Sequence[LoadResult]) -> None:
    """Print the loads, and below them in whole sentences what went wrong or is worth knowing."""
    console.print(_loads_table(loads))
    for load in loads:
        for note in load.notes:
            console.print(f"[yellow]{escape(note)}[/yellow]", soft_wrap=True)
        if load.error:
            console.print(f"[red]{escape(load.error)}[/red]", soft_wrap=True)


def _write_site(warehouse: Warehouse) -> Path:
    """Write report, docs and lineage, and return the index page that opens them."""
    from ingest.docs import build_docs
    from report.index import build_index
    from report.page import build_report

    build_report(warehouse)
    build_docs(warehouse)
    return build_index(warehouse)


def _summarise(
    warehouse: Warehouse,
    steps: _Steps,
    loads: Sequence[LoadResult],
    built: dbtRunnerResult,
    index: Path | None,
) -> None:
    """Print what a run did, and how to connect to what it made."""
    _say_what_happened(loads)

    counts: dict[tuple[str, str], int] = {}
    for result in getattr(built.result, "results", None) or []:
        key = (str(result.node.resource_type), str(result.status))
        counts[key] = counts.get(key, 0) + 1
    table = Table("what", "outcome", "count", title="Build")
    for (kind, outcome), count in sorted(counts.items()):
        if kind not in ("operation", "exposure", "saved_query"):
            table.add_row(kind.replace("_", " "), outcome, f"{count:,}")
    console.print(table)

    table = Table("step", "seconds", title="Time")
    for name, seconds in steps.seconds.items():
        table.add_row(name, f"{seconds:.1f}")
    table.add_row("in all", f"{sum(steps.seconds.values()):.1f}")
    console.print(table)

    with warehouse.connect() as connection:
        publications = _query(connection, "audit.publications", LAST_PUBLICATIONS)
        quarantined = _query(connection, "audit.quarantine", IN_QUARANTINE)
    if quarantined:
        console.print(
            f"[yellow]Held back:[/yellow] {sum(count for *_, count in quarantined):,} record(s) in "
            "quarantine; mypizza quarantine lists them with their reasons.",
            soft_wrap=True,
        )
    if publications:
        finished_at, outcome, marts, rows, reason = publications[0]
        if outcome == "published" and built.success:
            console.print(f"[green]Published[/green] {marts} marts with {rows:,} rows.")
        elif built.success:
            console.print(
                f"[red]Not published[/red] ({_minute(finished_at)}): {escape(reason or '')}",
                soft_wrap=True,
            )
    if not built.success:
        why = escape(_why_not_published(warehouse, built))
        console.print(f"[red]Not published[/red]: {why}", soft_wrap=True)
    if index:
        console.print(f"Begin here: {index.as_uri()} (report, docs, lineage)", soft_wrap=True)
    console.print(
        f"Connect: mypizza psql, or any BI tool at {warehouse.host}, port {warehouse.port}, "
        f"database {warehouse.database}, user {warehouse.user}, schema marts "
        "(mypizza env prints the password)."
    )


if __name__ == "__main__":
    main()
