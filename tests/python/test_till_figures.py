"""The tills' own day figures are those that a person works out from the same receipts."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingest.warehouse import Warehouse
from tests.python import test_ingest_mariadb as mariadb
from tests.python.till_figures import ask, zone_offsets
from tests.python.till_receipts import ODOO, OSPOS, UNICENTA, Receipts

DATA = Path(__file__).parent / "tills" / "data"
FIGURES = ("orders", "taken", "paid_back", "net", "tax", "tax_refunded", "tips")
NEUTRAL = {
    "char": "''",
    "varchar": "''",
    "text": "('')",
    "json": "'{}'",
    "bool": "false",
    "date": "'2000-01-01'",
    "timestamp": "'2000-01-01 00:00'",
}
ON_MARIADB = {
    "character varying": "varchar(255)",
    "bytea": "longblob",
    "double precision": "double",
    "timestamp without time zone": "datetime",
}


@dataclass(frozen=True)
class Till:
    """A database with the tables and receipts of a till."""

    engine: sa.Engine
    system: str

    @property
    def dialect(self) -> str:
        """The word for the engine at the end of a query's name."""
        return "mariadb" if self.engine.dialect.name == "mysql" else "postgres"

    def sell(self, receipts: Receipts) -> None:
        """Create the tables of some receipts, and write their rows."""
        with self.engine.begin() as connection:
            if self.dialect == "mariadb":
                connection.exec_driver_sql("set time_zone = '+00:00'")  # as OSPOS's server has it
            for table, (names, rows) in receipts.items():
                connection.exec_driver_sql(self._table(table))
                columns = names.split()
                values = ", ".join(f":{column}" for column in columns)
                statement = f"insert into {table} ({', '.join(columns)}) values ({values})"
                for row in rows:
                    connection.execute(sa.text(statement), dict(zip(columns, row, strict=True)))

    def _table(self, table: str) -> str:
        with (DATA / f"{self.system}.tsv").open(encoding="utf-8", newline="") as file:
            columns = [row for row in csv.DictReader(file, delimiter="\t") if row["table"] == table]
        keys = [row["column"] for row in columns if row["key"].startswith("p")]
        parts = [*map(self._column, columns), f"primary key ({', '.join(keys)})"]
        return f"create table {table} ({', '.join(parts)})"

    def _column(self, column: dict[str, str]) -> str:
        kind = ON_MARIADB.get(column["type"], column["type"])
        if self.dialect == "postgres":
            kind = column["type"]
        if column["nullable"] == "YES":
            return f"{column['column']} {kind} null"
        # what the receipts leave out gets a neutral value
        default = next((value for word, value in NEUTRAL.items() if kind.startswith(word)), "0")
        return f"{column['column']} {kind} not null default {default}"

    def ask(self, query: str = "", **parameters: Any) -> list[dict[str, Any]]:
        """Ask one of the system's queries, in a session as the server begins it."""
        with self.engine.connect() as connection:
            return ask(connection, f"{self.system}{query}_{self.dialect}", **parameters)


@pytest.fixture(scope="module")
def mariadb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    if not mariadb.is_installed() and not os.environ.get("CI"):
        pytest.skip("Debian's mariadb-server-core is not installed.")
    with mariadb.run_server(tmp_path_factory.mktemp("mariadb")) as server:
        yield server.url


def _on_postgres(warehouse: Warehouse, system: str) -> Till:
    with warehouse.connect() as connection:
        connection.execute(f"create database {system}".encode())
    url = sa.URL.create(
        "postgresql+psycopg", warehouse.user, warehouse.password,
        warehouse.host, int(warehouse.port), system,
    )  # fmt: skip
    return Till(sa.create_engine(url, poolclass=sa.NullPool), system)


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def unicenta(request: pytest.FixtureRequest) -> Till:
    if request.param == "postgres":
        till = _on_postgres(request.getfixturevalue("warehouse"), "unicenta")
    else:
        url = request.getfixturevalue("mariadb_url")
        till = Till(sa.create_engine(url, poolclass=sa.NullPool), "unicenta")
    till.sell(UNICENTA)
    return till


@pytest.fixture(scope="module")
def odoo(warehouse: Warehouse) -> Till:
    till = _on_postgres(warehouse, "odoo")
    till.sell(ODOO)
    return till


@pytest.fixture(scope="module")
def ospos(mariadb_url: sa.URL) -> Till:
    till = Till(sa.create_engine(mariadb_url, poolclass=sa.NullPool), "ospos")
    till.sell(OSPOS)
    return till


def _figures(rows: list[dict[str, Any]]) -> dict[tuple[int, date], tuple[Any, ...]]:
    return {
        (row["branch"], row["business_date"]): tuple(row[figure] for figure in FIGURES)
        for row in rows
    }


def _day(orders: int, *amounts: str) -> tuple[Any, ...]:
    return (orders, *map(Decimal, amounts))


def _sides(row: dict[str, Any]) -> list[str]:
    return [str(row[side]) for side in ("recorded", "recomputed", "difference")]


def test_unicenta_says_what_each_day_was(unicenta: Till) -> None:
    assert _figures(unicenta.ask(cut_over_hours=4)) == {
        # orders: sale, weight, half, exchange, paid out, voucher, late; a refund, a movement of
        #   cash and the payment of a debt are none
        # taken: 17.60 + 5.08 + 4.95 + 3.30 - 8.80 - 3.30 + 8.80 + 8.80; paid back: 8.80 + 3.30
        # net: (16 + 1 - 1) + 4.194225 + 4.50 + (10 - 8) - 8 + (8 - 10) + 8 + 8 = 32.694225
        # tax: 1.60 + 0.88078725 + 0.45 + 2.10 + 0.80 + 0.80 + 0.80; refunded: 0.80 + 0.80 + 2.10
        (1, date(2026, 10, 24)): _day(7, "36.43", "12.10", "32.69", "7.43", "3.70", "1.00"),
        # taken: 3 x 1.23 + 8.80; net: 3 x 1.115 + 8 = 11.345; tax: 3 x 0.1115 + 0.80 = 1.1345
        (1, date(2026, 10, 25)): _day(4, "12.49", "0.00", "11.35", "1.13", "0.00", "0.00"),
        (1, date(2026, 10, 26)): _day(1, "8.00", "0.00", "8.00", "0.80", "0.00", "0.00"),
    }


def test_unicenta_proves_payments_by_lines_and_tax_per_closing(unicenta: Till) -> None:
    closings = {row["closing"]: row for row in unicenta.ask("_proof")}
    # 17.60 + 5.08 + 4.95 + 3.30 - 8.80 + (4.95 - 4.95) - 3.30; ham is 4.194225 + 0.88078725
    assert _sides(closings["c1"]) == ["18.83", "18.83", "0.00"]
    # 8.80 + 8.80 + 3 x 1.23 + 8.80; an espresso is 1.115 + 0.1115
    assert _sides(closings["c2"]) == ["30.09", "30.08", "0.01"]
    assert _sides(closings["c3"]) == ["8.00", "8.80", "-0.80"]
    assert [int(closings[key]["tickets_off"]) for key in ("c1", "c2", "c3")] == [0, 0, 1]


def test_odoo_says_what_each_day_of_each_shop_was(odoo: Till) -> None:
    figures = odoo.ask(zone="Europe/Brussels", cut_over_hours=4, places=2)
    assert _figures(figures) == {
        # orders: 1, 2, 3, 7, 8, 9; 6 only gives back, 4 is a draft, 5 is cancelled
        # taken: (30 - 7.91 - 2 tip) + 9.54 + 4.44 - 9.54 + 7.22 - 12.72 + 5.30
        # paid back: 9.54 + 12.72
        # net: (9.95 + 9) + (6 + 4 - 1) + 4.19 - 9 + (15 - 4 - 4.19) + (3 - 15) + 5
        # tax: (0.60 + 0.54) + (0.36 + 0.24 - 0.06) + 0.25 + 0.90 + 0.18 + 0.30
        # refunded: 0.54 + (0.24 + 0.25) + 0.90
        (5, date(2026, 10, 24)): _day(6, "24.33", "22.26", "22.95", "3.31", "1.93", "2.00"),
        # order 11 is a tip and nothing else; net 1.115, tax 1.18 - 1.115 = 0.065
        (5, date(2026, 10, 25)): _day(1, "1.18", "0.00", "1.12", "0.07", "0.00", "1.00"),
        (6, date(2026, 10, 24)): _day(1, "8.48", "0.00", "8.00", "0.48", "0.00", "0.00"),
    }


def test_odoo_rounds_to_the_places_of_the_currency(odoo: Till) -> None:
    figures = _figures(odoo.ask(zone="Europe/Brussels", cut_over_hours=4, places=0))
    assert figures[5, date(2026, 10, 24)] == _day(6, "24", "22", "23", "3", "2", "2")


def test_odoo_proves_orders_and_sessions_by_lines_and_payments(odoo: Till) -> None:
    proofs = {(row["closing"], row["figure"]): _sides(row) for row in odoo.ask("_proof", places=2)}
    # 22.09 + 9.54 + 4.44 - 9.54 + 7.22 - 12.72 + 5.30
    assert proofs[50, "amount_total against lines"] == ["26.33", "26.33", "0.00"]
    assert proofs[50, "amount_paid against payments"] == ["26.33", "26.33", "0.00"]
    assert proofs[50, "amount_tax against lines"] == ["1.38", "1.38", "0.00"]  # 3.31 - 1.93
    assert proofs[50, "amount_return against change"] == ["7.91", "7.91", "0.00"]
    # opened with 100, paid 30 - 7.91 - 9.54 - 12.72, moved -20; counted 79
    cash = "counted cash against opening and payments"
    assert proofs[50, cash] == ["79.00", "79.83", "-0.83"]
    assert proofs[60, cash] == ["None", "0.00", "None"]  # still open
    # order 12 says 8.50, and its line and payment 8.48
    assert proofs[60, "amount_total against lines"] == ["8.50", "8.48", "0.02"]
    assert proofs[60, "amount_total against payments"] == ["8.50", "8.48", "0.02"]


NEW_YORK = zone_offsets(
    "America/New_York", datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
)


@pytest.mark.parametrize("session_zone", ["-05:00", "+00:00", "+09:00"])
def test_ospos_says_what_each_day_was_in_every_session(ospos: Till, session_zone: str) -> None:
    with ospos.engine.connect() as connection:
        connection.exec_driver_sql(f"set time_zone = '{session_zone}'")
        rows = ask(connection, "ospos_mariadb", zone_offsets=NEW_YORK, cut_over_hours=4)
    assert _figures(rows) == {
        # orders: 1, 2, 7, 8, 9, 11; 3 only gives back, 4 is a quote, 5 suspended, 6 cancelled
        # taken: (20 - 1.75) + 3.40 - 7.78 + 5.94 + (5 + 5 - 1.36) + 8.64; paid back: 7.78
        # net: (16 - 1.60 + 2 x (1.75 - 0.50)) + 3.15 (of 3.1465) - 7.20 + (8 - 2.50) + 8 + 8 + 8
        # tax: (1.152 + 0.20) + 0.252 + 4 x 0.64 = 4.164; refunded: 0.576 + 0.20 = 0.776
        (1, date(2026, 10, 31)): _day(6, "37.09", "7.78", "42.35", "4.16", "0.78", "0.00"),
        # taken: 8.60 of sale 10, and 8.64 of sale 11, which was sold the day before
        (1, date(2026, 11, 1)): _day(1, "17.24", "0.00", "8.00", "0.64", "0.00", "0.00"),
    }


def test_ospos_proves_payments_by_items_and_taxes_and_by_the_cash_up(ospos: Till) -> None:
    words = {
        "cash_words": '["Cash"]', "card_words": '["Credit Card", "Debit Card"]',
        "check_words": '["Check"]', "due_words": '["Due"]',
    }  # fmt: skip
    rows = ospos.ask("_proof", zone_offsets=NEW_YORK, cut_over_hours=4, **words)
    assert {(row["closing"], row["figure"]): _sides(row) for row in rows} == {
        # paid 37.09 + 8.64 for sale 11; net 42.35, tax 1.35 + 0.25 - 0.58 + 0.44 + 3 x 0.64
        ("2026-10-31", "payments against lines plus tax"): ["45.73", "45.73", "0.00"],
        # lines: 4.164 - 0.776 = 3.388
        ("2026-10-31", "tax of sales against tax of lines"): ["3.38", "3.39", "-0.01"],
        ("2026-11-01", "payments against lines plus tax"): ["8.60", "8.64", "-0.04"],
        ("2026-11-01", "tax of sales against tax of lines"): ["0.64", "0.64", "0.00"],
        # 100 + 20 + 18.25 - 7.78 + 3.64 + 8.64 + 8.60
        ("1", "counted cash against payments"): ["151.00", "151.35", "-0.35"],
        ("1", "counted card against payments"): ["5.94", "5.94", "0.00"],
        ("1", "counted check against payments"): ["0.00", "0.00", "0.00"],
        ("1", "counted due against payments"): ["3.40", "3.40", "0.00"],
        ("1", "counted total against payments"): ["40.34", "40.69", "-0.35"],
    }
