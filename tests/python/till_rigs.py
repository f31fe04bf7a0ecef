"""Rigs of the till systems that are shipped, on the engines that they run on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql  # type: ignore[import-untyped]  # it brings no types
import pytest
from psycopg import sql

from ingest.sources.registry import chosen
from ingest.sources.tills.source import TillSource
from ingest.warehouse import Warehouse
from tests.python.rigs import Building, State
from tests.python.test_ingest_mariadb import PASSWORD, MariaDb
from tests.python.test_till_systems import Program, configure
from tests.python.tills import odoo, odoo_changes, ospos, ospos_changes, unicenta, unicenta_changes
from tests.python.tills.tables import Till

WATCHED = {
    "unicenta": ("ticketlines", "units", ""),
    "ospos": ("ospos_sales_items", "quantity_purchased", ""),
    "odoo": ("pos_order_line", "qty", ", write_date = now()"),
}
"""By system the table and number that change, and what its program writes besides."""

DELETED = {"unicenta": "taxlines", "ospos": "ospos_sales_payments", "odoo": "pos_payment"}
"""By system a table to which no other refers."""


def _plain(value: Any) -> str:
    """Return a part of a key as a text in which the places of a number make no difference."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


@dataclass
class SystemRig:
    """A till of a shipped system."""

    warehouse: Warehouse
    source: TillSource
    connect: Callable[[], Any]

    def _till(self, *statements: str) -> None:
        with closing(self.connect()) as connection:
            for statement in statements:
                Till(connection, self.source.system_name).execute(statement)
            connection.commit()

    def _rows(self, query: Callable[[str], list[Any]], suffix: str = "") -> State:
        found: State = {}
        watched, number, _ = WATCHED[self.source.system_name]
        prefix = f"{self.source.raw}." if suffix else ""
        for table in self.source.system.tables:
            if not table.query:
                value = f"{number} * 1000" if table.name == watched else "0"
                rows = query(
                    f"select {value}, {', '.join(table.key)} from {prefix}{table.name}{suffix}"
                )
                found[table.name] = {
                    tuple(map(_plain, key)): str(int(version)) for version, *key in rows
                }
        return found

    def at_source(self) -> State:
        """Return the till's rows."""

        def query(statement: str) -> list[Any]:
            with closing(self.connect()) as connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())

        return self._rows(query)

    def in_raw(self) -> State:
        """Return the raw rows of the till."""

        def query(statement: str) -> list[Any]:
            with self.warehouse.connect() as connection:
                return connection.execute(statement.encode()).fetchall()

        return self._rows(query, " where _deleted_at is null")

    def _newest(self, name: str) -> str:
        """Return the condition for one of a table's newest rows, by its key."""
        table = self.source.system.table(name)
        root = self.source.system.root
        time = root.business_time
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(
                f"select own.{', own.'.join(table.key)} from {table.name} as own"
                f" inner join {root.name} as sales on own.{table.parent_key[0]}"
                f" = sales.{root.key[0]} order by sales.{time} desc, own.{table.key[-1]} limit 1"
            )
            (key,) = cursor.fetchall()
        return " and ".join(
            f"{name} = '{value}'" for name, value in zip(table.key, key, strict=True)
        )

    def change(self) -> None:
        """Change a line of one of the newest sales."""
        table, number, besides = WATCHED[self.source.system_name]
        self._till(
            f"update {table} set {number} = {number} + 1{besides} where {self._newest(table)}"
        )

    def add_column(self) -> tuple[str, str]:
        """Let lines say one thing more."""
        table, _, besides = WATCHED[self.source.system_name]
        self._till(
            f"alter table {table} add column mood integer",
            f"update {table} set mood = 7{besides} where {self._newest(table)}",
        )
        return table, "mood"

    def delete(self) -> None:
        """Delete a row for good."""
        table = DELETED[self.source.system_name]
        self._till(f"delete from {table} where {self._newest(table)}")

    def empty(self) -> None:
        """Empty every table."""
        names = [table.name for table in self.source.system.tables if not table.query]
        if self.source.system_name == "ospos":
            self._till("set foreign_key_checks = 0", *(f"delete from {name}" for name in names))
        else:
            self._till(f"truncate {', '.join(names)} cascade")


def system_rig(program: Program, mariadb: Callable[[], MariaDb]) -> Building:
    """Return what builds the rig of a shipped system, filled by its generator.

    Args:
        program: the system.
        mariadb: returns a server, where the system needs one.
    """

    def build(
        warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch, template: str
    ) -> SystemRig:
        del folder, monkeypatch
        (source,) = chosen([program.system])
        assert isinstance(source, TillSource)
        if program.engine == "mariadb":
            port = mariadb().port
            mariadb().execute("drop database till", "create database till character set utf8mb4")
            address, password = f"mysql://reader@127.0.0.1:{port}/till", PASSWORD

            def connect() -> Any:
                return pymysql.connect(
                    host="127.0.0.1", port=port, user="reader", password=PASSWORD,
                    database="till", charset="utf8mb4",
                )  # fmt: skip
        else:
            with warehouse.connect() as connection:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(template)))
            address = f"postgresql://{warehouse.user}@{warehouse.host}:{warehouse.port}/{template}"
            password = warehouse.password

            def connect() -> Any:
                return warehouse.connect(template)

        with closing(connect()) as connection:
            program.sales.create(connection)
            program.sales.sell(connection, 4, 12)
            connection.commit()
        configure(program, address, password)
        return SystemRig(warehouse, source, connect)

    return build


PROGRAMS = (
    Program("odoo", "postgres", odoo, odoo_changes,
            {"lyon": 1, "quito": 2, "chicago": 3, "new_york": 4}),
    Program("ospos", "mariadb", ospos, ospos_changes, {"new_york": None}),
    Program("unicenta", "postgres", unicenta, unicenta_changes, {"lyon": None}),
)  # fmt: skip
