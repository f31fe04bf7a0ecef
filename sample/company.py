"""The sample company: five tills with the published year in them, which then trade on.

The work is done by the SQL files beside this module, inside the tills; Python only sends them.
"""

from __future__ import annotations

import csv
import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import psycopg
from psycopg import sql

from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError

FOLDER = Path(__file__).parent
BRANCHES_FILE = PROJECT_DIR / "seeds" / "branches.csv"

# Chosen so that the first three days of trading on bring one of each: a cancelled order, a
# discount, an order after midnight, a late commit, a correction and a refund.
SEED = 2023

# All that may work on a till takes this advisory lock of the till's database first.
LOCK = 2015

Connection = psycopg.Connection[tuple[Any, ...]]


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


def branch_ids() -> list[str]:
    """Return the ids of the branches whose till has a database, in the seed's order."""
    with (FOLDER / "habits.csv").open(encoding="utf-8", newline="") as file:
        return [row["branch_id"] for row in csv.DictReader(file)]


def create(
    warehouse: Warehouse, scale: int | None = None, seed: int = SEED, prefix: str = "till_"
) -> list[Till]:
    """Make the tills' databases and fill them with the published year.

    A till that is complete is left alone; one that was cut short is made anew.

    Args:
        warehouse: the server that the databases are made on.
        scale: how many times the published volume; copies follow their original by seconds. By
            default once, and tills of any scale that are there already are left alone.
        seed: of all that the publication lacks; the same seed gives the same rows.
        prefix: of the databases' names, before the branch id.

    Returns:
        One entry per branch, in the seed's order.

    Raises:
        WarehouseError: the user may not create databases, a till was made with another scale or
            seed, or a database of that name is not the sample's.
    """
    if scale is not None and scale < 1:
        raise WarehouseError(f"The sample's scale is a whole number from 1 on, not {scale}.")
    with ThreadPoolExecutor() as pool:
        return list(
            pool.map(lambda id_: _create_till(warehouse, id_, scale, seed, prefix), branch_ids())
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
    branches = branch_ids()
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
    return min(newest_day(warehouse, prefix + branch_id) for branch_id in branch_ids())


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


def _create_till(
    warehouse: Warehouse, branch_id: str, scale: int | None, seed: int, prefix: str
) -> Till:
    """Make one till in one transaction: whole, or an empty database that the next try fills."""
    started = time.monotonic()
    database = prefix + branch_id
    _create_database(warehouse, database)
    with connect(warehouse, database) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        is_new = not _is_complete(connection)
        if is_new:
            try:
                _fill(connection, branch_id, scale or 1, seed)
            except psycopg.errors.DuplicateTable as error:
                raise WarehouseError(
                    f"The database {database!r} holds tables that are not the sample company's "
                    f"({error.diag.message_primary}): choose another server or rename it."
                ) from None
        made_with = connection.execute("select scale, seed from company.settings").fetchall()[0]
        if made_with != (scale or made_with[0], seed):
            raise WarehouseError(
                f"The till {database!r} exists, made with scale and seed {made_with}, not "
                f"{(scale or made_with[0], seed)}: drop the tills first to make others."
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
            raise WarehouseError(f"There is no till {database!r}: run `mypizza sample create`.")
    with connect(warehouse, database) as connection:
        if not _is_complete(connection):
            raise WarehouseError(f"The till {database!r} is not complete: run `sample create`.")
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
                    _run(connection, name)
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


def _fill(connection: Connection, branch_id: str, scale: int, seed: int) -> None:
    """Fill an empty till with the published year."""
    connection.execute("create temp table run (branch_id text, scale integer, seed bigint)")
    connection.execute("insert into run values (%s, %s, %s)", [branch_id, scale, seed])
    for name in ("habits", "languages", "menu"):
        with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
            _copy_csv(connection, name, file)
    with BRANCHES_FILE.open(encoding="utf-8") as file:
        _copy_csv(connection, "branches", file)
    publication = FOLDER / "data" / "pizzaplace.csv.gz"
    with gzip.open(publication, "rt", encoding="utf-8") as file:
        _copy_csv(connection, "publication", file)
    for name in ("till", "company", "published_year", "ring_up", "till_keys"):
        _run(connection, name)


def _copy_csv(connection: Connection, table: str, file: TextIO) -> None:
    """Copy a CSV file into a temporary table of text columns, with the rows' positions."""
    header = file.readline()
    columns = [sql.Identifier(name) for name in header.strip().split(",")]
    connection.execute(
        sql.SQL("create temp table {} (position bigint generated always as identity, {})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.SQL("{} text").format(column) for column in columns),
        )
    )
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(columns)
    )
    with connection.cursor().copy(statement) as copy:
        while block := file.read(1 << 20):
            copy.write(block)
    connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def _run(connection: Connection, name: str) -> None:
    """Run one of the SQL files beside this module."""
    connection.execute((FOLDER / f"{name}.sql").read_bytes())


def connect(warehouse: Warehouse, database: str) -> Connection:
    """Open a till's database.

    Args:
        warehouse: the server that the till is on.
        database: the till's database.
    """
    return warehouse.connect(
        database,
        name="mypizza sample",
        options="-c search_path=public,company -c timezone=UTC -c datestyle=ISO",
    )


def _is_complete(connection: Connection) -> bool:
    row = connection.execute("select to_regclass('company.settings') is not null").fetchone()
    return row == (True,)


def _create_database(warehouse: Warehouse, database: str) -> None:
    """Create a database whose text sorts the same on every machine, unless it exists."""
    with warehouse.connect(name="mypizza sample") as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [database])
        if found.fetchone():
            return
        # Where another process makes it at this moment, we wait for that one to be done.
        made_by_another = (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation)
        try:
            with suppress(*made_by_another):
                connection.execute(
                    sql.SQL(
                        "create database {} template template0 encoding 'UTF8' "
                        "locale_provider libc locale 'C'"
                    ).format(sql.Identifier(database))
                )
                # the warehouse's readers have no business in a till
                connection.execute(
                    sql.SQL("revoke connect, temporary on database {} from public").format(
                        sql.Identifier(database)
                    )
                )
        except psycopg.errors.InsufficientPrivilege:
            raise WarehouseError(
                f"The user {warehouse.user!r} may not create databases, which the sample company "
                f'needs. As a superuser, run: alter role "{warehouse.user}" createdb;'
            ) from None
