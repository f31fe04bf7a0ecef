"""The sample's till databases: making one, opening one, filling its tables from files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import psycopg
from psycopg import sql

from ingest.warehouse import Warehouse, WarehouseError

FOLDER = Path(__file__).parent

Connection = psycopg.Connection[tuple[Any, ...]]


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


def is_complete(connection: Connection) -> bool:
    """Say whether a till was filled to its end."""
    row = connection.execute("select to_regclass('company.settings') is not null").fetchone()
    return row == (True,)


def create_database(warehouse: Warehouse, database: str) -> None:
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


def copy_csv(connection: Connection, table: str, file: TextIO) -> None:
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


def run(connection: Connection, name: str) -> None:
    """Run one of the SQL files beside this module."""
    connection.execute((FOLDER / f"{name}.sql").read_bytes())
