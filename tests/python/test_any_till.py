"""A chain with tills of several makes: every branch and day equals the till's own figures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pymysql  # type: ignore[import-untyped]  # it brings no types
import pytest
import sqlalchemy as sa
import yaml

from ingest.warehouse import Warehouse
from tests.python.commands import copy_project, mypizza, query
from tests.python.test_ingest_mariadb import PASSWORD, MariaDb, run_server
from tests.python.test_till_generators import needs_mariadb
from tests.python.till_figures import ask, zone_offsets
from tests.python.tills import ospos, ospos_changes, unicenta, unicenta_changes
from tests.python.tills import world as dice

pytestmark = needs_mariadb

FIGURES = {
    "orders": "orders", "taken": "taken_amount", "paid_back": "paid_back_amount",
    "net": "net_revenue", "tax": "tax_amount", "tax_refunded": "tax_refunded",
    "tips": "tips_amount",
}  # fmt: skip
"""The figures of a day as `tills/figures` has them, each with its column of rpt_branch_days."""
DAYS = 16
"""How many days are sold before anything is corrected; Europe's clocks change on the seventh."""

Day = tuple[str, date]


@dataclass(frozen=True)
class Program:
    """A till program: how it sells, and what its own day figures are asked with."""

    system: str
    sales: ModuleType
    changes: ModuleType
    parameters: Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class Till:
    """A till of the chain: its program and engine, its branch, and how that branch sells."""

    name: str
    program: Program
    engine: str
    branch_id: str
    zone: str
    selling: dict[str, Any] = field(default_factory=dict)
    changing: dict[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> str:
        """The query of its own day figures."""
        return f"{self.program.system}_{self.engine}"


def _zone_offsets(zone: str) -> dict[str, Any]:
    first, last = datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
    return {"zone_offsets": zone_offsets(zone, first, last)}


UNICENTA = Program("unicenta", unicenta, unicenta_changes, lambda _: {})
OSPOS = Program("ospos", ospos, ospos_changes, _zone_offsets)
TILLS = (
    Till("lyon_till", UNICENTA, "postgres", "lyon", "Europe/Paris"),
    Till("the_loop", UNICENTA, "mariadb", "chicago", "America/Chicago"),
    Till("hudson", OSPOS, "mariadb", "new_york", "America/New_York"),
    Till(
        "mission", OSPOS, "mariadb", "san_francisco", "America/Los_Angeles",
        selling={"language": "es", "tax_decimals": 4},
        changing={"language": "es", "zone": "America/Los_Angeles"},
    ),
)  # fmt: skip
EACH = [
    pytest.param(till, id=f"{till.program.system} of {till.branch_id} on {till.engine}")
    for till in TILLS
]


@dataclass(frozen=True)
class Chain:
    """The tills' databases, the warehouse, and the project that maps them."""

    warehouse: Warehouse
    mariadb: MariaDb
    project: Path

    def connect(self, till: Till) -> Any:
        """Connect to a till as its program does."""
        if till.engine == "postgres":
            return self.warehouse.connect(till.name)
        return pymysql.connect(
            host="127.0.0.1", port=self.mariadb.port, user="reader", password=PASSWORD,
            database=till.name, charset="utf8mb4",
        )  # fmt: skip

    def url(self, till: Till) -> sa.URL:
        """Return a till's address, with its password."""
        if till.engine == "postgres":
            server = self.warehouse
            return sa.URL.create(
                "postgresql+psycopg", server.user, server.password, server.host, server.port,
                till.name,
            )  # fmt: skip
        return self.mariadb.url.set(database=till.name)

    def sell(self, days: int, since: int = 0) -> None:
        """Let every till sell on some days."""
        for till in TILLS:
            with closing(self.connect(till)) as connection:
                if not since:
                    till.program.sales.create(connection)
                till.program.sales.sell(
                    connection, days, 7, zone=till.zone,
                    first_day=dice.FIRST_DAY + timedelta(days=since), **till.selling,
                )  # fmt: skip
                connection.commit()

    def change(self) -> None:
        """Let cashiers correct what they sold."""
        for till in TILLS:
            with closing(self.connect(till)) as connection:
                till.program.changes.change(connection, 5, **till.changing)
                connection.commit()

    def load(self) -> None:
        """Load the tills, build and publish."""
        mypizza("run", "--no-docs", project=self.project)

    def at_till(self, till: Till) -> dict[Day, dict[str, Decimal]]:
        """Return a till's own figures per day."""
        engine = sa.create_engine(self.url(till), poolclass=sa.NullPool)
        parameters = till.program.parameters(till.zone)
        with engine.connect() as connection:
            if till.engine == "mariadb":
                connection.exec_driver_sql("set time_zone = '+00:00'")
            rows = ask(connection, till.figures, cut_over_hours=dice.CUT_OVER, **parameters)
        return {
            (till.branch_id, row["business_date"]): {
                name: Decimal(str(row[name])) for name in FIGURES
            }
            for row in rows
        }

    def published(self, till: Till) -> dict[Day, dict[str, Decimal]]:
        """Return a branch's figures per day, as the marts have them; a day of noughts is none."""
        columns = ", ".join(FIGURES.values())
        rows = query(
            self.warehouse,
            f"select branch_id, business_date, {columns} from marts.rpt_branch_days"
            f" where branch_id = '{till.branch_id}'",
        )
        days = {
            (branch_id, day): dict(zip(FIGURES, map(Decimal, figures), strict=True))
            for branch_id, day, *figures in rows
        }
        return {day: figures for day, figures in days.items() if any(figures.values())}


def _use_systems(project: Path) -> None:
    """Let dbt know of the systems that this chain has, and of no others, as a user does."""
    file = project / "dbt_project.yml"
    text = file.read_text("utf-8")
    names = {till.program.system for till in TILLS}
    for name in names:
        block = re.search(rf"    # {name}:\n(    #   .*\n)+", text)
        assert block
        text = text.replace(block[0], block[0].replace("    # ", "    "))
    settings = yaml.safe_load(text)
    systems = settings["vars"]["systems"]
    settings["vars"]["systems"] = {name: systems[name] for name in names}
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")


def _configure(chain: Chain) -> None:
    """Write the tills into the configuration, as a user does."""
    sections, secrets = [], []
    for till in TILLS:
        url = chain.url(till)
        address = url.set(drivername=url.drivername.split("+")[0], password=None, query={})
        sections.append(
            f"[sources.tills.{till.name}]\n"
            f'system = "{till.program.system}"\n'
            f'url = "{address.render_as_string()}"\n'
            f'branches = "{till.branch_id}"\n'
        )
        secrets.append(f"[sources.tills.{till.name}]\npassword = {json.dumps(str(url.password))}\n")
    folder = chain.project / ".dlt"
    (folder / "config.toml").write_text("\n".join(sections), encoding="utf-8")
    (folder / "secrets.toml").write_text("\n".join(secrets), encoding="utf-8")


def _create_databases(chain: Chain, socket_file: Path) -> None:
    url = sa.URL.create("mysql+pymysql", "root", query={"unix_socket": str(socket_file)})
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        for till in TILLS:
            if till.engine == "postgres":
                query(chain.warehouse, f"create database {till.name}")
                continue
            connection.exec_driver_sql(f"create database {till.name} character set utf8mb4")
            connection.exec_driver_sql(f"grant all on {till.name}.* to reader@'127.0.0.1'")


@pytest.fixture(scope="module")
def chain(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A chain that has sold, is loaded and built."""
    folder = tmp_path_factory.mktemp("chain")
    with run_server(folder) as mariadb:
        opened = Chain(warehouse, mariadb, copy_project(folder))
        _create_databases(opened, folder / "mariadb" / "socket")
        _use_systems(opened.project)
        _configure(opened)
        opened.sell(DAYS)
        opened.load()
        yield opened


@pytest.mark.parametrize("till", EACH)
def test_every_day_equals_the_figures_of_its_till(chain: Chain, till: Till) -> None:
    at_till = chain.at_till(till)
    assert len(at_till) >= DAYS
    assert chain.published(till) == at_till


def test_the_mapping_of_each_system_passes_its_unit_tests(chain: Chain) -> None:
    names = {till.program.system for till in TILLS}
    selected = [f"staging.{name},test_type:unit" for name in names]
    mypizza("dbt", "test", "--quiet", "--select", *selected, project=chain.project)


@pytest.fixture(scope="module")
def corrected_chain(chain: Chain) -> Chain:
    """The chain, after edits, deletes, late refunds and moved sales, and two days more.

    What was proposed as one product of several tills is mapped.
    """
    with (chain.project / "seeds" / "chain_products.csv").open("a") as seed:
        seed.write(mypizza("products", "--csv", project=chain.project).stdout)
    chain.change()
    chain.sell(2, since=DAYS)
    chain.load()
    return chain


@pytest.mark.parametrize("till", EACH)
def test_a_day_that_is_corrected_later_equals_them_again(
    corrected_chain: Chain, till: Till
) -> None:
    assert corrected_chain.published(till) == corrected_chain.at_till(till)


def test_every_closed_day_is_proven_by_figures_that_the_mapping_does_not_read(
    corrected_chain: Chain,
) -> None:
    assert (
        query(
            corrected_chain.warehouse,
            "select branch_id, figure, difference from marts.rpt_till_figures where not is_equal",
        )
        == []
    )
    proof = json.loads(mypizza("status", "--json", project=corrected_chain.project).stdout)["proof"]
    closings = "net of the closing, paid of the closing, payments of the orders, tax of the closing"
    assert {(row["branch_id"], row["state"], row["proven_by"]) for row in proof} == {
        ("lyon", "proven", closings),
        ("chicago", "proven", closings),
        ("new_york", "proven", "payments of the orders"),
        ("san_francisco", "proven", "payments of the orders"),
    }  # fmt: skip


def test_products_of_one_name_are_one_once_the_proposal_is_in_the_seed(
    corrected_chain: Chain,
) -> None:
    assert query(
        corrected_chain.warehouse,
        "select count(distinct branch_id), count(distinct product_id) > 1,"
        " count(distinct chain_product_id) from marts.dim_products"
        " where is_current and product_name = 'Margherita'",
    ) == [(4, True, 1)]
    said = mypizza("products", project=corrected_chain.project).stdout
    assert "No two till systems have a product of the same name" in said


REASONS = {
    "zero_date": {
        "unicenta": ("receipts", "datenew: is missing"),
        "ospos": ("ospos_sales", "sale_time: is missing"),
    },
    "orphan": {
        "unicenta": ("ticketlines", "ticket: .* names no record that has come in"),
        "ospos": ("ospos_sales_items", "sale_id: .* names no record that has come in"),
    },
    "null": {
        "unicenta": ("ticketlines", "units: is missing"),
        "ospos": ("ospos_sales_items", "quantity_purchased: is missing"),
    },
}
"""What a till program never writes, with the table and the reason by which it is named."""


def test_a_crooked_row_waits_with_its_order_and_is_named(corrected_chain: Chain) -> None:
    expected = []
    for till in TILLS:
        with closing(corrected_chain.connect(till)) as connection:
            for name, reasons in REASONS.items():
                if name != "zero_date" or till.engine == "mariadb":  # Postgres has no such date
                    till.program.changes.spoil(connection, name)
                    expected.append((till.branch_id, *reasons[till.program.system]))
            connection.commit()
    systems = {till.program.system for till in TILLS}
    mypizza("ingest", project=corrected_chain.project)
    mypizza(
        "dbt", "build", "--quiet", "--exclude-resource-type", "unit_test",
        "--select", "+quarantine", *(f"staging.{name}" for name in systems),
        project=corrected_chain.project,
    )  # fmt: skip

    waiting = query(
        corrected_chain.warehouse,
        "select branch_id, table_name, array_to_string(reasons, ', ') from audit.quarantine"
        " where released_at is null and not is_held_with_its_order",
    )
    assert len(waiting) == len(expected), waiting
    for branch_id, table_name, reason in expected:
        assert [
            row for row in waiting
            if row[:2] == (branch_id, table_name) and re.fullmatch(reason, row[2])
        ], (branch_id, table_name, reason, waiting)  # fmt: skip
    for system in systems:
        assert query(
            corrected_chain.warehouse,
            f"select lines.order_line_key from staging.stg_{system}__order_lines as lines"
            " inner join audit.quarantine as waiting on lines.branch_id = waiting.branch_id"
            " and lines.order_id = waiting.order_id where waiting.released_at is null"
            " and lines.deleted_at is null",
        ) == []  # fmt: skip
