"""The generators of till databases write what these programs write, on their real engines."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

from ingest.warehouse import Warehouse
from tests.python.test_ingest_mariadb import MariaDb, run_server
from tests.python.tills import (
    kinds,
    odoo,
    odoo_changes,
    ospos,
    ospos_changes,
    unicenta,
    unicenta_changes,
    world,
)
from tests.python.tills.tables import Till

WEEK = 7
Connect = Callable[[], Any]


@dataclass(frozen=True)
class System:
    """A till system's generator, and what is asked of its tables."""

    name: str
    sales: ModuleType
    changes: ModuleType
    kinds: dict[str, str]
    not_paid: str


UNICENTA = System("unicenta", unicenta, unicenta_changes, kinds.UNICENTA, kinds.UNICENTA_NOT_PAID)
ODOO = System("odoo", odoo, odoo_changes, kinds.ODOO, kinds.ODOO_NOT_PAID)
OSPOS = System("ospos", ospos, ospos_changes, kinds.OSPOS, kinds.OSPOS_NOT_PAID)

needs_mariadb = pytest.mark.skipif(
    shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None
    and not os.environ.get("CI"),
    reason="Debian's mariadb-server-core is not installed; in CI it must be.",
)
TILLS = [
    pytest.param(UNICENTA, "on_postgres", id="uniCenta on Postgres"),
    pytest.param(UNICENTA, "on_mariadb", id="uniCenta on MariaDB", marks=needs_mariadb),
    pytest.param(ODOO, "on_postgres", id="Odoo on Postgres"),
    pytest.param(OSPOS, "on_mariadb", id="OSPOS on MariaDB", marks=needs_mariadb),
]


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with run_server(tmp_path_factory.mktemp("tills")) as server:
        yield server


@pytest.fixture
def on_mariadb(request: pytest.FixtureRequest) -> Connect:
    """Connect to an empty database on MariaDB."""

    def connect() -> Any:
        server: MariaDb = request.getfixturevalue("mariadb")
        server.execute("drop database till", "create database till character set utf8mb4")
        return sa.create_engine(server.url, poolclass=sa.NullPool).raw_connection()

    return connect


@pytest.fixture
def on_postgres(warehouse: Warehouse) -> Connect:
    """Connect to an empty database on Postgres."""

    def connect() -> Any:
        with warehouse.connect() as server:
            server.execute("drop database if exists till")
            server.execute("create database till")
        return warehouse.connect("till")

    return connect


def _sold(system: System, connection: Any, *, weeks: int = 2) -> Till:
    """Let a till sell, a week in each call."""
    system.sales.create(connection)
    for week in range(weeks):
        first_day = world.FIRST_DAY + timedelta(weeks=week)
        system.sales.sell(connection, WEEK, 12, first_day=first_day)
    return Till(connection, system.name)


def _everything(till: Till) -> dict[str, list[str]]:
    """Return the rows of all tables."""
    return {
        table: sorted(str(row) for row in till.query(f"select * from {table}"))
        for table in till.columns
    }


@pytest.mark.parametrize(("system", "engine"), TILLS)
def test_a_fortnight_holds_each_kind_of_ticket_and_each_is_paid_exactly(
    system: System, engine: str, request: pytest.FixtureRequest
) -> None:
    with closing(request.getfixturevalue(engine)()) as connection:
        till = _sold(system, connection)
        lacking = [kind for kind, query in system.kinds.items() if not till.value(query)]
        assert not lacking
        assert till.value(system.not_paid) == 0
        assert not [table for table, rows in _everything(till).items() if not rows]


@pytest.mark.parametrize(("system", "engine"), TILLS)
def test_the_same_seed_sells_the_same_and_each_change_keeps_the_books_right(
    system: System, engine: str, request: pytest.FixtureRequest
) -> None:
    connect = request.getfixturevalue(engine)
    with closing(connect()) as connection:
        first = _everything(_sold(system, connection))
    with closing(connect()) as connection:
        till = _sold(system, connection)
        before = _everything(till)
        assert before == first
        for name in system.changes.CHANGES:
            system.changes.change(connection, 3, name)
            after = _everything(till)
            assert after != before, name
            assert till.value(system.not_paid) == 0, name
            before = after


@pytest.mark.parametrize(("system", "engine"), TILLS)
def test_a_crooked_row_is_there_when_it_was_asked_for(
    system: System, engine: str, request: pytest.FixtureRequest
) -> None:
    for name in system.changes.CROOKED:
        if name == "zero_date" and engine == "on_postgres":
            continue  # Postgres has no such date
        with closing(request.getfixturevalue(engine)()) as connection:
            till = _sold(system, connection, weeks=1)
            spoilt = kinds.SPOILT[system.name, name]
            assert till.value(spoilt) == 0, name
            system.changes.spoil(connection, name)
            assert till.value(spoilt) > 0, name
