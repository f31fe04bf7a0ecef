"""The sample company: five tills with the published year in them, which then trade on.

The work is done by the SQL files beside this module, inside the tills; Python only sends them.
"""

from __future__ import annotations

import csv
import gzip
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal

import psycopg
from psycopg import sql

from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError
from sample.database import FOLDER, Connection, connect, copy_csv, create_database, is_complete, run

BRANCHES_FILE = PROJECT_DIR / "seeds" / "branches.csv"

# Chosen so that the first three days of trading on bring one of each: a cancelled order, a
# discount, an order after midnight, a late commit, a correction and a refund.
SEED = 2023

# All that may work on a till takes this advisory lock of the till's database first.
LOCK = 2015


@dataclass(frozen=True)
class Till:
    """A branch's till database and what is in it."""

    branch_id: str
    database: str
    is_new: bool
    orders: int
    order_lines: int
    gross_amount: Decimal
    seconds: float


@dataclass(frozen=True)
class Trading:
    """What happened in a branch on the days that it traded on."""

    branch_id: str
    database: str
    last_day: date
    days: int
    orders: int
    cancelled: int
    discounted: int
    after_midnight: int
    late_commits: int
    corrections: int
    refunds: int
    new_customers: int
    changed_customers: int
    new_products: int
    price_changes: int


# The figures that a till writes down at the end of a day; the columns of company.business_days.
EVENTS = fields(Trading)[4:]
NEWEST_DAY = "select max(business_date) from company.business_days"
FIRST_DAY = (
    "select cast(min(timezone(settings.time_zone, orders.ordered_at)) as date)"
    " from orders cross join company.settings"
)
LAST_DAY = date(2015, 12, 31)
"""The last day of the published year."""


def branch_ids() -> list[str]:
    """Return the ids of the branches whose till can have a database, in the seed's order."""
    with (FOLDER / "habits.csv").open(encoding="utf-8", newline="") as file:
        return [row["branch_id"] for row in csv.DictReader(file)]


def branches_of(warehouse: Warehouse, prefix: str = "till_") -> list[str]:
    """Return the ids of the branches whose till is there, in the seed's order.

    Args:
        warehouse: the server that the tills are on.
        prefix: of the databases' names, before the branch id.

    Raises:
        WarehouseError: there is no till.
    """
    with warehouse.connect(name="mypizza sample") as connection:
        databases = {name for (name,) in connection.execute("select datname from pg_database")}
    found = [branch_id for branch_id in branch_ids() if prefix + branch_id in databases]
    if not found:
        raise WarehouseError("The sample company has no till yet: run `mypizza-sample start`.")
    return found


@dataclass(frozen=True)
class Size:
    """How large a company is made.

    Attributes:
        branches: the ids of the branches that get a till; default all.
        weeks: how many weeks of the published year, its last ones; default all.
        scale: how many times the published volume; copies follow their original by seconds. By
            default once, and tills of any scale that are there already are left alone.
    """

    branches: Sequence[str] = ()
    weeks: int | None = None
    scale: int | None = None

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            WarehouseError: no such branch, or a number below 1.
        """
        for name in ("scale", "weeks"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise WarehouseError(
                    f"The sample's {name} is a whole number from 1 on, not {number}."
                )
        for branch_id in self.branches:
            if branch_id not in branch_ids():
                raise WarehouseError(
                    f"The sample has no till {branch_id!r}; it has: {', '.join(branch_ids())}."
                )

    @property
    def first_day(self) -> date:
        """The first day of the published year that is used."""
        return LAST_DAY - timedelta(weeks=self.weeks) if self.weeks else date.min


def create(
    warehouse: Warehouse, size: Size | None = None, seed: int = SEED, prefix: str = "till_"
) -> list[Till]:
    """Make the tills' databases and fill them with the published year.

    A till that is complete is left alone; one that was cut short is made anew.

    Args:
        warehouse: the server that the databases are made on.
        size: how large; default all branches and the whole year.
        seed: of all that the publication lacks; the same seed gives the same rows.
        prefix: of the databases' names, before the branch id.

    Returns:
        One entry per branch, in the seed's order.

    Raises:
        WarehouseError: the user may not create databases, a till was made with another scale or
            seed, or a database of that name is not the sample's.
    """
    size = size or Size()
    branches = [id_ for id_ in branch_ids() if not size.branches or id_ in size.branches]
    with ThreadPoolExecutor() as pool:
        return list(
            pool.map(lambda id_: _create_till(warehouse, id_, size, seed, prefix), branches)
        )


def advance(warehouse: Warehouse, days: int = 1, prefix: str = "till_") -> list[Trading]:
    """Let the company trade on from its last day.

    Each day is one transaction per till. Where an earlier call was cut short, the tills that lag
    behind catch up with the others first. What a day brings depends on the seed and the days
    before alone: three days twice are six days.

    Args:
        warehouse: the server that the tills are on.
        days: how many days to trade; 0 only lets lagging tills catch up.
        prefix: of the databases' names, before the branch id.

    Returns:
        One entry per branch, in the seed's order, summed over the days that it traded.

    Raises:
        WarehouseError: a till is missing or was never completed.
    """
    branches = branches_of(warehouse, prefix)
    newest = max(newest_day(warehouse, prefix + branch_id) for branch_id in branches)
    until = newest + timedelta(days=days)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda id_: _trade(warehouse, id_, until, prefix), branches))


def last_day(warehouse: Warehouse, prefix: str = "till_") -> date:
    """Return the newest day that all branches have traded on.

    Args:
        warehouse: the server that the tills are on.
        prefix: of the databases' names, before the branch id.

    Raises:
        WarehouseError: a till is missing or was never completed.
    """
    branches = branches_of(warehouse, prefix)
    return min(newest_day(warehouse, prefix + branch_id) for branch_id in branches)


def first_day(warehouse: Warehouse, prefix: str = "till_") -> date:
    """Return the first day that any branch has traded on.

    Args:
        warehouse: the server that the tills are on.
        prefix: of the databases' names, before the branch id.

    Raises:
        WarehouseError: there is no till.
    """
    days: list[tuple[date]] = []
    for branch_id in branches_of(warehouse, prefix):
        with connect(warehouse, prefix + branch_id) as connection:
            days += connection.execute(FIRST_DAY).fetchall()
    return min(day for (day,) in days)


def drop(warehouse: Warehouse, prefix: str = "till_") -> None:
    """Drop the tills' databases, with whoever is connected to them.

    Args:
        warehouse: the server that they are on.
        prefix: of the databases' names, before the branch id.
    """
    with warehouse.connect() as connection:
        for branch_id in branch_ids():
            # Not `with (force)`: that may not end an autovacuum worker; a plain drop waits for it.
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = %s and usename = current_user",
                [prefix + branch_id],
            )
            database = sql.Identifier(prefix + branch_id)
            connection.execute(sql.SQL("drop database if exists {}").format(database))


def _create_till(warehouse: Warehouse, branch_id: str, size: Size, seed: int, prefix: str) -> Till:
    """Make one till in one transaction: whole, or an empty database that the next try fills."""
    started = time.monotonic()
    database = prefix + branch_id
    create_database(warehouse, database)
    with connect(warehouse, database) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        is_new = not is_complete(connection)
        if is_new:
            try:
                _fill(connection, branch_id, size, seed)
            except psycopg.errors.DuplicateTable as error:
                raise WarehouseError(
                    f"The database {database!r} holds tables that are not the sample company's "
                    f"({error.diag.message_primary}): choose another server or rename it."
                ) from None
        made_with = connection.execute("select scale, seed from company.settings").fetchall()[0]
        wanted = (size.scale or made_with[0], seed)
        if made_with != wanted:
            raise WarehouseError(
                f"The till {database!r} exists, made with scale and seed {made_with}, not "
                f"{wanted}: drop the tills first to make others."
            )
        orders, lines, gross = connection.execute(
            "select (select count(*) from orders), (select count(*) from order_lines), "
            "(select sum(gross_amount) from orders)"
        ).fetchall()[0]
    return Till(branch_id, database, is_new, orders, lines, gross, time.monotonic() - started)


def newest_day(warehouse: Warehouse, database: str) -> date:
    """Return a till's newest trading day.

    Args:
        warehouse: the server that the till is on.
        database: the till's database.

    Raises:
        WarehouseError: the till is missing or was never completed.
    """
    with warehouse.connect(name="mypizza sample") as connection:
        if not connection.execute(
            "select 1 from pg_database where datname = %s", [database]
        ).fetchone():
            raise WarehouseError(f"There is no till {database!r}: run `mypizza-sample start`.")
    with connect(warehouse, database) as connection:
        if not is_complete(connection):
            raise WarehouseError(
                f"The till {database!r} is not complete: run `mypizza-sample start`."
            )
        day: date = connection.execute(NEWEST_DAY).fetchall()[0][0]
    return day


def _trade(warehouse: Warehouse, branch_id: str, until: date, prefix: str) -> Trading:
    """Let one till trade day by day; whoever else does so at the same time takes turns."""
    database = prefix + branch_id
    first_day = newest_day(warehouse, database) + timedelta(days=1)
    with connect(warehouse, database) as connection:
        while True:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
                day = connection.execute(NEWEST_DAY).fetchall()[0][0] + timedelta(days=1)
                if day > until:
                    break
                connection.execute(
                    "insert into company.business_days (business_date) values (%s)", [day]
                )
                for name in ("trading_day", "ring_up", "aftermath"):
                    run(connection, name)
        sums = [
            sql.SQL("coalesce(sum({}), 0)::integer").format(sql.Identifier(field.name))
            for field in EVENTS
        ]
        row = connection.execute(
            sql.SQL(
                "select count(*), {} from company.business_days where business_date >= %s"
            ).format(sql.SQL(", ").join(sums)),
            [first_day],
        ).fetchall()[0]
    return Trading(branch_id, database, until, *row)


def _fill(connection: Connection, branch_id: str, size: Size, seed: int) -> None:
    """Fill an empty till with the published year."""
    connection.execute(
        "create temp table run (branch_id text, scale integer, seed bigint, first_day date)"
    )
    connection.execute(
        "insert into run values (%s, %s, %s, %s)",
        [branch_id, size.scale or 1, seed, size.first_day],
    )
    for name in ("habits", "languages", "menu"):
        with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
            copy_csv(connection, name, file)
    with BRANCHES_FILE.open(encoding="utf-8") as file:
        copy_csv(connection, "branches", file)
    publication = FOLDER / "data" / "pizzaplace.csv.gz"
    with gzip.open(publication, "rt", encoding="utf-8") as file:
        copy_csv(connection, "publication", file)
    for name in ("till", "company", "published_year", "ring_up", "till_keys"):
        run(connection, name)
