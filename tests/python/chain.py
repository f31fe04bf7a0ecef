"""A chain in one warehouse: the small sample company, and three other programs beside it.

Three branches sell with uniCenta oPOS, two with Open Source POS, and four in one Odoo database of
two companies.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pymysql  # type: ignore[import-untyped]  # it brings no types
import sqlalchemy as sa

from ingest import warehouse as warehouse_module
from ingest.warehouse import Warehouse
from tests.python.commands import mypizza, query
from tests.python.test_ingest_mariadb import PASSWORD, MariaDb
from tests.python.till_figures import ask, zone_offsets
from tests.python.tills import odoo, odoo_changes, ospos, ospos_changes, unicenta, unicenta_changes
from tests.python.tills.odoo_menu import BY_NAME, SHOPS
from tests.python.tills.ospos_menu import ITEMS
from tests.python.tills.unicenta_menu import product_id

FIGURES = {
    "orders": "orders", "taken": "taken_amount", "paid_back": "paid_back_amount",
    "net": "net_revenue", "tax": "tax_amount", "tax_refunded": "tax_refunded",
    "tips": "tips_amount",
}  # fmt: skip
"""The figures of a day as `tills/figures` has them, each with its column of rpt_branch_days."""

FIRST_DAY = date(2015, 10, 19)
"""In the sample's year. Europe's clocks change on the seventh day, America's on the 14th."""

DAYS = 16
"""How many days are sold before anything is corrected."""

DISH = "Margherita"
"""What every program sells."""

EURO = Decimal("1.25")
"""What a euro is worth on each day, except on the one that has no rate."""

WITHOUT_RATE = FIRST_DAY + timedelta(days=3)

Figures = dict[tuple[str, date], dict[str, Decimal]]


@dataclass(frozen=True)
class Branch:
    """A branch, and its number in the database of its till."""

    branch_id: str
    zone: str
    cut_over: int = 4
    number: int = 1


@dataclass(frozen=True)
class Program:
    """A till program.

    Attributes:
        system: its name.
        parameters: what its own day figures need to know of a branch, besides the cut-over.
        left_out: the statement by which some orders are no longer in its figures.
        sales: how it sells; None if the sample does.
        changes: how it corrects.
    """

    system: str
    parameters: Callable[[Branch], dict[str, Any]]
    left_out: str = ""
    sales: ModuleType | None = None
    changes: ModuleType | None = None


@dataclass(frozen=True)
class Till:
    """A database of a program, its branches, and how they sell and correct."""

    name: str
    program: Program
    engine: str
    branches: tuple[Branch, ...]
    selling: dict[str, Any] = field(default_factory=dict)
    changing: dict[str, Any] = field(default_factory=dict)

    @property
    def branch_ids(self) -> list[str]:
        """The ids of its branches."""
        return [branch.branch_id for branch in self.branches]


def _zone_offsets(branch: Branch) -> dict[str, Any]:
    first, last = datetime(2015, 10, 1, tzinfo=UTC), datetime(2015, 12, 31, tzinfo=UTC)
    return {"zone_offsets": zone_offsets(branch.zone, first, last)}


SAMPLE = Program("mypizza", lambda branch: {"zone": branch.zone})
UNICENTA = Program(
    "unicenta", lambda _: {},
    "update tickets set tickettype = 9 where id in :orders", unicenta, unicenta_changes,
)  # fmt: skip
OSPOS = Program(
    "ospos", _zone_offsets,
    "update ospos_sales set sale_status = 2 where sale_id in :orders", ospos, ospos_changes,
)  # fmt: skip
ODOO = Program(
    "odoo", lambda branch: {"zone": branch.zone, "places": 2},
    "update pos_order set state = 'cancel' where id::text in :orders", odoo, odoo_changes,
)  # fmt: skip


def _shop(program: Program, engine: str, branch: Branch) -> Till:
    """Return the till of a single branch, which sells on its own clock."""
    return Till(f"till_of_{branch.branch_id}", program, engine, (branch,), {"zone": branch.zone})


SAMPLE_TILLS = (
    Till("till_chicago", SAMPLE, "postgres", (Branch("chicago", "America/Chicago"),)),
    Till("till_quito", SAMPLE, "postgres", (Branch("quito", "America/Guayaquil", 3),)),
)
TILLS = (
    _shop(UNICENTA, "postgres", Branch("bordeaux", "Europe/Paris")),
    _shop(UNICENTA, "postgres", Branch("waikiki", "Pacific/Honolulu", 5)),
    _shop(UNICENTA, "mariadb", Branch("austin", "America/Chicago")),
    _shop(OSPOS, "mariadb", Branch("brooklyn", "America/New_York")),
    Till(
        "till_of_oakland", OSPOS, "mariadb", (Branch("oakland", "America/Los_Angeles"),),
        {"zone": "America/Los_Angeles", "language": "es", "tax_decimals": 4},
        {"zone": "America/Los_Angeles", "language": "es"},
    ),
    Till(
        "head_office", ODOO, "postgres",
        tuple(
            Branch(branch_id, shop.zone, number=shop.config)
            for branch_id, shop in zip(
                ("utrecht", "dublin", "evanston", "boston"), SHOPS, strict=True
            )
        ),
    ),
)  # fmt: skip
NEW_BRANCHES = """\
bordeaux,myPizza Chartrons,Bordeaux,FR,Europe/Paris,2015-10-01,40,4,EUR,true
waikiki,myPizza Waikiki,Honolulu,US,Pacific/Honolulu,2015-10-01,40,5,USD,false
austin,myPizza South Congress,Austin,US,America/Chicago,2015-10-01,40,4,USD,false
brooklyn,myPizza Williamsburg,New York,US,America/New_York,2015-10-01,40,4,USD,false
oakland,myPizza Temescal,Oakland,US,America/Los_Angeles,2015-10-01,40,4,USD,false
utrecht,myPizza Neude,Utrecht,NL,Europe/Amsterdam,2015-10-01,40,4,EUR,true
dublin,myPizza Temple Bar,Dublin,IE,Europe/Dublin,2015-10-01,40,4,EUR,true
evanston,myPizza Evanston,Evanston,US,America/Chicago,2015-10-01,40,4,USD,false
boston,myPizza North End,Boston,US,America/New_York,2015-10-01,40,4,USD,false
"""
SYSTEMS = ("unicenta", "ospos", "odoo")


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
        if till.engine == "mariadb":
            return self.mariadb.url.set(database=till.name)
        server = self.warehouse
        return sa.URL.create(
            "postgresql+psycopg", server.user, server.password, server.host, server.port, till.name
        )

    def sell(self, till: Till, days: int, since: int = 0) -> None:
        """Let the branches of a till sell on some days."""
        assert till.program.sales
        with closing(self.connect(till)) as connection:
            if not since:
                till.program.sales.create(connection)
            first_day = FIRST_DAY + timedelta(days=since)
            till.program.sales.sell(connection, days, 7, first_day=first_day, **till.selling)
            connection.commit()

    def correct(self, till: Till) -> None:
        """Let cashiers edit, delete, take back and move what a till sold."""
        assert till.program.changes
        with closing(self.connect(till)) as connection:
            till.program.changes.change(connection, 5, **till.changing)
            connection.commit()

    def spoil(self, till: Till, *names: str) -> None:
        """Write into a till what its program never writes."""
        assert till.program.changes
        with closing(self.connect(till)) as connection:
            for name in names:
                till.program.changes.spoil(connection, name)

    def run(self) -> None:
        """Load everything, build and publish."""
        mypizza("run", "--no-docs", project=self.project)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        return query(self.warehouse, statement)

    def at_till(self, till: Till, left_out: Collection[str] = ()) -> Figures:
        """Return a till's own figures per branch and day.

        Args:
            till: which.
            left_out: the ids of orders that are not to be in them.
        """
        engine = sa.create_engine(self.url(till), poolclass=sa.NullPool)
        found: Figures = {}
        with engine.connect() as connection:  # nothing is committed
            if till.engine == "mariadb":
                connection.exec_driver_sql("set time_zone = '+00:00'")
            if left_out:
                statement = sa.text(till.program.left_out)
                orders: sa.BindParameter[Any] = sa.bindparam(
                    "orders", list(left_out), expanding=True
                )
                connection.execute(statement.bindparams(orders))
            for branch in till.branches:
                rows = ask(
                    connection, f"{till.program.system}_{till.engine}",
                    cut_over_hours=branch.cut_over, **till.program.parameters(branch),
                )  # fmt: skip
                for row in rows:
                    if row["branch"] == branch.number:
                        figures = {name: Decimal(str(row[name])) for name in FIGURES}
                        found[branch.branch_id, row["business_date"]] = figures
        return found

    def published(self, till: Till) -> Figures:
        """Return the figures of a till's branches per day; a day of noughts is none."""
        rows = self.query(
            f"select branch_id, business_date, {', '.join(FIGURES.values())}"
            f" from marts.rpt_branch_days where branch_id in ({_texts(till.branch_ids)})"
        )
        return {
            (branch_id, day): dict(zip(FIGURES, map(Decimal, figures), strict=True))
            for branch_id, day, *figures in rows
            if any(figures)
        }

    def waiting(self, till: Till) -> list[tuple[str, str, str, str]]:
        """Return the records in quarantine: branch, table, order, and why if by themselves."""
        return self.query(
            "select branch_id, table_name, order_id, case when not is_held_with_its_order"
            " then array_to_string(reasons, ', ') end from audit.quarantine"
            f" where released_at is null and branch_id in ({_texts(till.branch_ids)})"
        )


def _texts(words: Collection[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def totals_of_the_export() -> dict[date, tuple[Any, ...]]:
    """Return what Lyon's till says of each day: tickets, money taken and paid back."""
    folder = warehouse_module.warehouse_dir() / "sample" / "bucket" / "exports" / "lyon"
    found = {}
    for path in folder.glob("cloture_*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            (row,) = csv.DictReader(file, delimiter=";")
        day = datetime.strptime(row["date"], "%d/%m/%Y").date()
        money = [
            Decimal(re.sub(r"[^\d,-]", "", row[f"total des {title}"]).replace(",", "."))
            for title in ("ventes", "remboursements")
        ]
        found[day] = (int(row["tickets"]), *money)
    return found


def open_chain(warehouse: Warehouse, mariadb: MariaDb, project: Path, socket_file: Path) -> Chain:
    """Create the tills, let them sell, and make them known, as a user does.

    Args:
        warehouse: with the small company.
        mariadb: a server.
        project: a copy of this project.
        socket_file: of the server, for its administrator.
    """
    chain = Chain(warehouse, mariadb, project)
    url = sa.URL.create("mysql+pymysql", "root", query={"unix_socket": str(socket_file)})
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as administrator:
        for till in TILLS:
            if till.engine == "postgres":
                chain.query(f"create database {till.name}")
            else:
                administrator.exec_driver_sql(f"create database {till.name} character set utf8mb4")
                administrator.exec_driver_sql(f"grant all on {till.name}.* to reader@'127.0.0.1'")
            chain.sell(till, DAYS)
    _use_systems(project)
    _configure(chain)
    _fill_seeds(chain)
    return chain


def _use_systems(project: Path) -> None:
    """Take away the `#` before the lines of the systems."""
    file = project / "dbt_project.yml"
    text = file.read_text("utf-8")
    for system in SYSTEMS:
        text, found = re.subn(
            rf"(?m)^    # {system}:\n(?:^    #   .*\n)+",
            lambda block: str(block[0]).replace("    # ", "    "),
            text,
        )
        assert found == 1, system
    file.write_text(text, encoding="utf-8")


def _configure(chain: Chain) -> None:
    """Write the tills into the configuration, beside the sample's."""
    folder = chain.project / ".dlt"
    for till in TILLS:
        url = chain.url(till)
        address = url.set(drivername=url.drivername.split("+")[0], password=None, query={})
        numbers = ", ".join(f"{branch.branch_id} = {branch.number}" for branch in till.branches)
        branches = f'"{till.branch_ids[0]}"' if len(till.branches) == 1 else f"{{{numbers}}}"
        section = f"\n[sources.tills.{till.name}]\n"
        with (folder / "config.toml").open("a", encoding="utf-8") as config:
            config.write(
                f'{section}system = "{till.program.system}"\n'
                f'url = "{address.render_as_string()}"\nbranches = {branches}\n'
            )
        with (folder / "secrets.toml").open("a", encoding="utf-8") as secrets:
            secrets.write(f"{section}password = {json.dumps(str(url.password))}\n")


def _fill_seeds(chain: Chain) -> None:
    """Name the new branches, the dish that all have in common, and what a euro is worth."""
    dish_of_lyon = chain.query(
        "select distinct product_id from marts.dim_products"
        f" where branch_id = 'lyon' and product_name = '{DISH}'"
    )[0][0]
    dishes = {
        "unicenta": product_id(DISH), "ospos": ITEMS[DISH], "odoo": BY_NAME[DISH].product,
        "exports": dish_of_lyon,
    }  # fmt: skip
    # some sales of the first day count for the day before: at a later cut-over, or moved
    days = [FIRST_DAY + timedelta(days=number) for number in range(-1, DAYS + 3)]
    added = {
        "branches": NEW_BRANCHES,
        "chain_products": "".join(f"{system},{key},margherita\n" for system, key in dishes.items()),
        "exchange_rates": "".join(f"EUR,{day},{EURO}\n" for day in days if day != WITHOUT_RATE),
    }
    for seed, rows in added.items():
        with (chain.project / "seeds" / f"{seed}.csv").open("a", encoding="utf-8") as file:
            file.write(rows)
