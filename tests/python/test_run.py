"""The whole way, as its users go it: `mypizza run` on the sample company, then what may befall it.

The tests of this file share one warehouse and follow one another: each leaves it as it found it,
but for the days that the company has traded on.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from ingest.sources.tills.declaration import known_systems
from ingest.warehouse import PROJECT_DIR, RUN_KEY, Warehouse
from tests.python.commands import build, mypizza, query, sample
from tests.python.test_cli import raw_terminal

pytestmark = pytest.mark.usefixtures("first_run")


SESSIONS = "select sessions from pg_stat_database where datname = current_database()"
NEWEST_DAY = "select max(business_date)::text from marts.rpt_branch_days where currency = 'USD'"
REVENUE = "select sum(net_revenue) from marts.rpt_branch_days where business_date < '2016-01-01'"
NEWEST_LOAD = "select max(load_id) from raw_pos._dlt_loads"
# by the raw layer alone: the orders that a later load has brought anything of
TOUCHED = """
    select count(distinct (branch_id, order_id))
    from (
        select branch_id, order_id, _dlt_load_id from raw_pos.orders
        union all
        select branch_id, order_id, _dlt_load_id from raw_pos.order_lines
        union all
        select branch_id, order_id, _dlt_load_id from raw_pos.payments
    ) as records
    where _dlt_load_id > '{load_id}'
"""


def value(warehouse: Warehouse, text: str) -> Any:
    return query(warehouse, text)[0][0]


def fingerprints(warehouse: Warehouse, schema: str = "marts") -> dict[str, Any]:
    """One number per mart that changes with any row of it, whatever the order of the rows.

    When a day was last compared with its till, and how often there were loads, is no part of it:
    that is new after every run.
    """
    tables = query(
        warehouse,
        f"select tablename from pg_tables where schemaname = '{schema}'"
        " and tablename <> 'rpt_source_loads' order by 1",
    )
    return {
        table: query(
            warehouse,
            "select count(*),"
            " sum(hashtextextended((to_jsonb(t) - 'reconciled_at')::text, 0)::numeric)"
            f" from {schema}.{table} as t",
        )[0]
        for (table,) in tables
    }


def transaction(warehouse: Warehouse) -> int:
    """The transaction of this moment, as rows name those that wrote them."""
    return int(value(warehouse, "select pg_current_xact_id()::text::bigint % (2 ^ 32)::bigint"))


def rows_from_before(warehouse: Warehouse, began: int, schema: str = "marts") -> int:
    """How many orders of a version were written before a transaction."""
    written = f"select count(*) from {schema}.fct_orders where xmin::text::bigint < {began}"
    return int(value(warehouse, written))


@pytest.fixture(scope="module")
def warehouse(small_warehouse: Warehouse) -> Warehouse:
    """The published small company, which the tests change one after the other."""
    return small_warehouse


@pytest.fixture(scope="module")
def first_run(warehouse: Warehouse, small_company: Path) -> str:
    """`mypizza run` on an empty warehouse: what it printed."""
    assert warehouse.embedded
    return (small_company / "logs" / "printed").read_text(encoding="utf-8")


def test_summary_says_what_came_in_what_was_built_and_how_to_connect(first_run: str) -> None:
    for branch in ("chicago", "quito"):
        assert re.search(rf"pos .* {branch} .* initial .* succeeded", first_run), branch
    assert re.search(r"model +success ++\d+", first_run)
    assert re.search(r"test +pass ++\d+", first_run)
    assert "Connect: mypizza psql" in first_run
    assert re.search(r"Start here: file:///.*/site/index\.html", first_run)
    for page in ("report.html", "docs.html", "lineage.html"):
        assert Path(os.environ["DBT_TARGET_PATH"], "site", page).stat().st_size > 100_000, page


def test_the_first_run_was_one_from_a_clone_in_a_folder_with_an_odd_name(first_run: str) -> None:
    assert "/a%20pizza%20%C3%A9%23%2B%25/target/site/index.html" in first_run


def test_published_marts_have_keys_comments_and_foreign_keys(warehouse: Warehouse) -> None:
    without_primary_key = query(
        warehouse,
        """
        select c.relname from pg_class as c
        where c.relnamespace = 'marts'::regnamespace and c.relkind = 'r'
            and not exists (
                select 1 from pg_constraint as k where k.conrelid = c.oid and k.contype = 'p'
            )
        """,
    )
    without_comment = query(
        warehouse,
        """
        select c.relname, a.attname
        from pg_class as c inner join pg_attribute as a on a.attrelid = c.oid
        where c.relnamespace = 'marts'::regnamespace and c.relkind = 'r'
            and a.attnum >= 0 and not a.attisdropped
            and col_description(c.oid, a.attnum) is null
        """,
    )
    foreign_keys = query(
        warehouse,
        """
        select conrelid::regclass::text, confrelid::regclass::text, convalidated
        from pg_constraint
        where contype = 'f' and connamespace = 'marts'::regnamespace
        """,
    )
    assert without_primary_key == []
    assert without_comment == []
    assert all(validated for _, _, validated in foreign_keys)
    assert {("marts.fct_orders", "marts.dim_dates"), ("marts.fct_order_lines", "marts.fct_orders"),
            ("marts.fct_order_lines", "marts.dim_product_versions"),
            ("marts.fct_order_lines", "marts.dim_products"),
            ("marts.fct_payments", "marts.fct_orders")} <= {
        (table, target) for table, target, _ in foreign_keys
    }  # fmt: skip


def test_no_view_is_so_long_that_each_connection_takes_long_to_read_it(
    warehouse: Warehouse,
) -> None:
    long = "select viewname, length(definition) from pg_views where length(definition) > 150000"
    assert query(warehouse, long) == []


PAGES = ("report.html", "docs.html", "lineage.html", "er-diagram.svg", "index.html")


def site() -> Path:
    return Path(os.environ["DBT_TARGET_PATH"]) / "site"


def written(*command: str) -> set[str]:
    """Run a command, and return the pages that it has written."""
    before = {
        name: (site() / name).stat().st_mtime_ns for name in PAGES if (site() / name).exists()
    }
    mypizza(*command)
    return {name for name in PAGES if (site() / name).stat().st_mtime_ns != before.get(name)}


def test_the_commands_that_name_a_page_write_it_in_any_case() -> None:
    assert written("docs") == set(PAGES)
    assert written("report") == {"report.html"}


def test_a_run_writes_the_pages_that_are_missing_or_unfinished() -> None:
    mypizza("run")  # a business date may have ended since
    assert written("run") == set()
    # as a run leaves it that is killed while it writes the page
    (site() / ".report.html.inputs").unlink()
    assert written("run") == {"report.html"}
    (site() / "report.html").unlink()
    assert written("run") == {"report.html"}


def test_dbt_has_colours_in_a_terminal_alone_and_not_with_no_color(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = ("dbt", "debug")
    assert "\x1b" in raw_terminal(*command)
    assert "\x1b" not in mypizza(*command).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in raw_terminal(*command)


@dataclass(frozen=True)
class Partial:
    """A build of all models that lacks the data tests, after which nothing may be published.

    Attributes:
        printed: what two commands printed that build a part: of one model, and without the tests.
        before: what was published before, and with which marts.
        after: the same after it.
        sessions: how many sessions it has opened.
    """

    printed: tuple[str, str]
    before: tuple[Any, Any, dict[str, Any]]
    after: tuple[Any, Any, dict[str, Any]]
    sessions: int


@pytest.fixture(scope="module")
def partial(warehouse: Warehouse) -> Partial:
    """Builds of a part of the project, the last one with all unit tests."""

    def published() -> tuple[Any, Any, dict[str, Any]]:
        count = value(warehouse, "select count(*) from audit.publications")
        inputs = query(warehouse, "select * from audit.publication_inputs")
        return count, inputs, fingerprints(warehouse)

    before = published()
    one_model = mypizza("dbt", "build", "--select", "dim_branches").stdout
    untested = {"DBT_RESOURCE_TYPES": "model seed snapshot unit_test"}
    sessions = value(warehouse, SESSIONS)
    # in a build, because dbt takes the columns of their rows from what was built
    ran = mypizza("run", "--no-docs", "--unit-tests", environment=untested, expect=1).stdout
    sessions = value(warehouse, SESSIONS) - sessions
    return Partial((one_model, ran), before, published(), sessions)


def test_partial_build_publishes_nothing(partial: Partial) -> None:
    for printed in partial.printed:
        assert "this run contained only part of the project" in printed
    assert "Not published: dbt built only a part of the project" in partial.printed[1]
    assert partial.before == partial.after


def test_another_build_of_the_same_records_makes_the_same_marts(
    warehouse: Warehouse, partial: Partial
) -> None:
    assert fingerprints(warehouse, "marts_next") == partial.after[2]
    # dbt's nodes, several hundred, share connections
    assert partial.sessions < 200


def test_every_unit_test_passes(partial: Partial) -> None:
    tested = re.search(r"unit test +pass ++(\d+)", partial.printed[1])
    declared = [
        test["name"]
        for file in (PROJECT_DIR / "models").rglob("*.yml")
        # tests of tills run those of the systems that this company does not have
        if not {*file.relative_to(PROJECT_DIR).parts}.intersection(known_systems())
        for test in yaml.safe_load(file.read_text(encoding="utf-8")).get("unit_tests", ())
    ]
    assert tested
    assert int(tested[1]) == len(declared)


@dataclass(frozen=True)
class Traded:
    """Two days of trading that came in with one run, while people read.

    Attributes:
        revenue: the year's, before it.
        landed: the newest load, before it.
        began: the transaction before it.
        pages: those that it has written.
        seen: the totals that each reader saw while it ran, and in rollbacks after it.
        problems: what the readers met.
    """

    revenue: Any
    landed: str
    began: int
    pages: set[str]
    seen: list[set[Any]]
    problems: list[str]


@contextmanager
def readers_in_a_loop(
    warehouse: Warehouse, seen: list[set[Any]], problems: list[str]
) -> Iterator[threading.Event]:
    """Let three people add up three tables of one version, again and again.

    It gives an event: once it is set, they read without a pause.
    """
    stop, swapping = threading.Event(), threading.Event()

    def read(prepare: bool) -> None:
        totals: set[Any] = set()
        seen.append(totals)
        statement = """
            select
                (select sum(gross_revenue) from marts.fct_orders),
                (select sum(gross_revenue) from marts.rpt_branch_days),
                (select sum(gross_revenue) from marts.fct_order_lines where line_kind = 'sale')
        """
        with warehouse.connect(name="reader in a loop") as connection:
            while not stop.is_set():
                try:
                    row = connection.execute(statement, prepare=prepare).fetchone()
                except psycopg.Error as error:
                    problems.append(f"error: {error}")
                    return
                assert row is not None
                if len(set(row)) != 1:
                    problems.append(f"mixture: {row}")
                totals.add(row[0])
                # while the build needs the machine, too: now and then
                stop.wait(0.01 if swapping.is_set() else 0.5)

    readers = [threading.Thread(target=read, args=(number % 2 == 0,)) for number in range(3)]
    for reader in readers:
        reader.start()
    try:
        yield swapping
    finally:
        stop.set()
        for reader in readers:
            reader.join()


@pytest.fixture(scope="module")
def traded(warehouse: Warehouse) -> Traded:
    """The company two days later; its newest version is published, and the one before is kept."""
    revenue, landed = value(warehouse, REVENUE), value(warehouse, NEWEST_LOAD)
    seen: list[set[Any]] = []
    problems: list[str] = []
    with readers_in_a_loop(warehouse, seen, problems) as swapping:
        sample("advance", "--days", "2")
        began = transaction(warehouse)
        pages = written("run")
        swapping.set()
        for _ in range(6):
            mypizza("rollback")
    return Traded(revenue, landed, began, pages, seen, problems)


def test_traded_days_come_in_and_only_what_they_touch_is_built_again(
    warehouse: Warehouse, traded: Traded
) -> None:
    assert value(warehouse, NEWEST_DAY) == "2016-01-02"
    assert value(
        warehouse,
        "select count(*) from marts.rpt_branch_days where business_date = '2016-01-01'"
        " and branch_id in ('chicago', 'quito') and orders = 0 and net_revenue = 0",
    ) == 2  # fmt: skip
    rewritten = f"select count(*) from marts.fct_orders where xmin::text::bigint >= {traded.began}"
    assert value(warehouse, f"{rewritten} and branch_id in ('chicago', 'quito')") == value(
        warehouse, TOUCHED.format(load_id=traded.landed)
    )
    oldest = f"select min(business_date)::text {rewritten.partition('count(*)')[2]}"
    assert value(warehouse, f"{oldest} and branch_id = 'lyon'") > "2016-01-20"
    assert value(warehouse, REVENUE) == traded.revenue


def test_another_publication_of_the_same_models_writes_report_and_index(traded: Traded) -> None:
    assert traded.pages == {"report.html", "index.html"}


def test_readers_in_a_loop_see_no_error_and_no_mixture_of_versions(traded: Traded) -> None:
    """Every reader adds up three tables of one version; each swap changes the totals."""
    assert traded.problems == []
    assert [len(totals) for totals in traded.seen] == [2, 2, 2]


def test_rollback_publishes_the_version_before_until_the_next_build_begins(
    warehouse: Warehouse, traded: Traded
) -> None:
    """The version before is the one without the two days."""
    assert traded
    after = fingerprints(warehouse)
    mypizza("rollback")
    assert value(warehouse, NEWEST_DAY) == "2015-12-31"
    assert fingerprints(warehouse) != after
    mypizza("rollback")
    assert fingerprints(warehouse) == after
    mypizza("dbt", "run", "--select", "dim_branches")
    refused = mypizza("rollback", expect=1)
    assert "no version to roll back to" in refused.stdout + refused.stderr


def test_failing_audit_publishes_nothing_and_readers_keep_their_version(
    warehouse: Warehouse, receiver: Any
) -> None:
    """An order came by a way that nobody knows. Once it is mended, money that is not is a finding.

    That is one dollar too much, paid for the newest order: its day is published, and not proven.
    """
    before = fingerprints(warehouse)
    with warehouse.connect("till_chicago") as till:
        change = "update payments set amount = amount + %s, updated_at = %s where payment_id = %s"
        newest_order = "order_id = (select max(order_id) from orders)"
        come = f"update orders set channel = %s, updated_at = %s where {newest_order}"
        channel = till.execute(f"select channel from orders where {newest_order}").fetchone()
        newest = till.execute("select max(payment_id), max(updated_at) from payments").fetchone()
        assert newest is not None
        assert channel is not None
        payment, moment = newest
        till.execute(come, ["by balloon", moment + timedelta(seconds=1)])
        till.execute(change, [1, moment + timedelta(seconds=1), payment])
        alert = {"MYPIZZA_ALERT_URL": receiver.url}
        failed = mypizza("run", "--no-docs", expect=1, environment=alert).stdout
        till.execute(come, [channel[0], moment + timedelta(seconds=2)])
    assert "Nothing is published. Readers keep the current version" in failed
    (message,) = receiver.messages
    assert "mypizza run failed" in message
    assert "orders_have_a_known_channel" in message
    assert fingerprints(warehouse) == before
    outcome, reason = query(
        warehouse,
        "select outcome, reason from audit.publications order by finished_at desc limit 1",
    )[0]
    assert outcome == "failed"
    assert "orders_have_a_known_channel" in reason
    assert "orders_have_a_known_channel" in mypizza("status", expect=1).stdout
    began = transaction(warehouse)
    ran = mypizza("run", "--no-docs", "--full-refresh").stdout
    found = r"Found in chicago: .*orders are not paid to the cent\. mypizza status says"
    assert re.search(found, ran)
    assert rows_from_before(warehouse, began) == 0
    net = "select sum(net_revenue) from marts.rpt_branch_days"
    assert value(warehouse, net) == value(warehouse, net.replace("marts.", "marts_next."))
    status = mypizza("status").stdout
    assert "failed" not in status.splitlines()[0]
    assert re.search(r"chicago +differs ", status)
    assert re.search(r"quito +proven ", status)
    assert re.search(r"chicago +orders are not paid to the cent +1 .* 1 +1\.00 USD", status)
    with warehouse.connect("till_chicago") as till:
        till.execute(change, [-1, moment + timedelta(seconds=3), payment])
    # the full refresh reaches the next version, too
    build("fct_orders")
    assert rows_from_before(warehouse, began, "marts_next") == 0


def test_build_waits_for_a_long_query_on_the_old_version_and_names_it(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    with warehouse.connect(name="long query") as connection, connection.transaction():
        connection.execute("select count(*) from marts_next.fct_orders")
        # with its own target: other variables make dbt parse the whole project, and the next
        # command would have to parse it again
        blocked = mypizza(
            "dbt", "build", "--vars", "{workbench_timeout_seconds: 1}", expect=1,
            environment={"DBT_TARGET_PATH": str(tmp_path)},
        )  # fmt: skip
    assert "is still being read" in blocked.stdout
    assert "select count(*) from marts_next.fct_orders" in blocked.stdout


def test_second_process_says_which_one_is_running_and_ends() -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "ingest.cli", "ingest"], stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while "mypizza ingest" not in mypizza("status", expect=None).stdout:
            assert time.monotonic() < deadline
        second = mypizza("run", expect=1)
    finally:
        assert first.wait(timeout=120) == 0
    assert re.search(
        rf"busy: mypizza ingest \(process {first.pid}\) on 127.0.0.1/32 has been running since 20",
        second.stderr,
    )


@pytest.fixture
def other_server(warehouse: Warehouse) -> dict[str, str]:
    """The environment of somebody who points myPizza at a server of his own."""
    return {**warehouse.environment, "MYPIZZA_EMBEDDED": ""}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"PGPORT": "1"}, "cannot be reached"),
        ({"PGPASSWORD": "wrong"}, "refuses the password of user 'mypizza'"),
        ({"PGDATABASE": "nowhere"}, 'database "nowhere" does not exist'),
        ({"PGDATABASE": "postgres"}, "may not connect to the database 'postgres'"),
    ],
)
def test_unusable_server_gets_one_clear_sentence(
    other_server: dict[str, str], change: dict[str, str], sentence: str
) -> None:
    result = mypizza("run", expect=1, environment=other_server | change)
    assert sentence in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_run_that_cannot_begin_is_told_of_without_giving_the_address_away(
    other_server: dict[str, str], receiver: Any
) -> None:
    unreachable = other_server | {"PGPORT": "1", "MYPIZZA_ALERT_URL": receiver.url}
    told = mypizza("run", expect=1, environment=unreachable)
    (message,) = receiver.messages
    assert "cannot be reached" in message
    deaf = mypizza(
        "run", expect=1,
        environment=unreachable | {"MYPIZZA_ALERT_URL": "http://127.0.0.1:1/services/c4n4ry"},
    )  # fmt: skip
    assert "The alert could not be posted" in deaf.stderr
    assert "cannot be reached" in deaf.stderr
    assert "c4n4ry" not in told.stdout + told.stderr + deaf.stdout + deaf.stderr


def test_status_asks_for_a_person_when_a_source_is_late_or_differs_from_its_till(
    warehouse: Warehouse,
) -> None:
    in_order = mypizza("status").stdout
    assert re.search(r"pos .* quito .* 0\.\d h .* \d+ of \d+ ", in_order)
    with warehouse.connect() as connection:
        late = "update audit.loads set finished_at = finished_at {} interval '3 days'"
        connection.execute(late.format("-"))
        assert re.search(r"quito .* 7[12]\.\d h", mypizza("status", expect=1).stdout)
        connection.execute(late.format("+"))
        differs = (
            "update audit.reconciliation set difference = {} where branch_id = 'quito'"
            " and figure = 'orders' and business_date = '2015-12-08'"
        )
        connection.execute(differs.format(1))
        assert re.search(r"quito: 1 of \d+ days differ", mypizza("status", expect=1).stdout)
        connection.execute(differs.format(0))
        # a load that runs is none that needs a person, unless its process is gone
        begun = (
            "insert into audit.loads (run_id, source, branch_id, kind, started_at, outcome)"
            " values ('running', 'pos', 'quito', 'incremental', now() - interval '2 seconds',"
            " 'running')"
        )
        connection.execute(begun)
        held = "hashtext('running')"
        connection.execute(f"select pg_advisory_lock({RUN_KEY}, {held})".encode())
        assert re.search(r"quito .* running", mypizza("status").stdout)
        connection.execute(f"select pg_advisory_unlock({RUN_KEY}, {held})".encode())
        assert "quito: Its process ended" in mypizza("status", expect=1).stdout
        connection.execute("delete from audit.loads where run_id = 'running'")
    mypizza("status")


def test_own_server_is_used_and_the_embedded_one_is_not_started(
    other_server: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = {"MYPIZZA_WAREHOUSE_DIR": str(tmp_path)}
    assert "answers at 127.0.0.1" in mypizza("up", environment=other_server | elsewhere).stdout
    assert list(tmp_path.iterdir()) == []
