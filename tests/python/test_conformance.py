"""Every registered source keeps the same promises, each on a real system of its kind.

The tests of one source share that system and follow one another.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from psycopg import sql

from ingest import warehouse as warehouse_module
from ingest.loads import configuration, driver
from ingest.loads.source import LoadResult
from ingest.sources.registry import SOURCES
from ingest.sources.tills.source import MYPIZZA
from ingest.warehouse import Warehouse
from sample import company, guests
from sample.company import Size
from sample.web import Server
from tests.python import preloaded
from tests.python.commands import read_settings_again, settings
from tests.python.rigs import Building, Rig, builders
from tests.python.test_ingest_mariadb import MariaDb, run_server
from tests.python.test_till_generators import needs_mariadb
from tests.python.till_rigs import PROGRAMS, system_rig

ONE_FEED = """
[sources.files.feeds.stock_counts]
files = "stock/counts/{branch_id}/*.csv"
"""
ONE_TOPIC = """
[sources.streams.topics.shop]
event_id = "id"
"""
ONE_COLLECTION = """
[sources.documents.collections.reviews]
files = "*.bson"
"""
# A run in a process of its own, which says when it begins so that it can be killed in the middle.
A_RUN = """
import sys
from ingest import warehouse
from ingest.loads import configuration, driver
from ingest.sources.registry import chosen
source = chosen([sys.argv[1]])
configuration.systems = lambda: {source[0].name: None}  # as dbt_project.yml lists it
at = warehouse.resolve()
from dataclasses import replace
begins()
driver.run(replace(at, database=sys.argv[2]), source)
"""


@pytest.fixture(scope="module")
def small_till(warehouse: Warehouse) -> str:
    """A till with six weeks of sales, to be copied, and guests that write of it."""
    company.create(warehouse, Size(branches=("quito",), weeks=6))
    guests.catch_up(warehouse)
    return "till_quito"


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with run_server(tmp_path_factory.mktemp("conformance")) as server:
        yield server


def all_builders(server: Server, mariadb: Callable[[], MariaDb]) -> dict[str, Building]:
    """Return what builds the rig of each source, by the source's name."""
    shipped = {program.system: system_rig(program, mariadb) for program in PROGRAMS}
    return builders(server) | shipped


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(source.name, marks=needs_mariadb) if source.name == "ospos" else source.name
        for source in SOURCES
    ],
)
def rig(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    small_till: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Rig]:
    """A source, a system of its kind that nobody else uses, and an empty warehouse.

    The tests of one source follow one another on it; `anew` gives it another empty warehouse.
    """
    name, folder = f"w_{request.param}", tmp_path_factory.mktemp(request.param)
    copy = f"{name}_till"
    (settings() / "config.toml").write_text(
        {"streams": ONE_TOPIC, "documents": ONE_COLLECTION}.get(request.param, ONE_FEED), "utf-8"
    )
    (settings() / "secrets.toml").write_text("", encoding="utf-8")
    read_settings_again()
    shutil.copy(guests.file(), folder / "web.sqlite")
    with (
        warehouse.connect() as connection,
        Server(folder / "web.sqlite") as server,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        if request.param == MYPIZZA.name:
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(copy), sql.Identifier(small_till)
                )
            )
        empty = _empty(warehouse, name)
        monkeypatch.setattr(configuration, "systems", lambda: {request.param: None})
        build = all_builders(server, lambda: request.getfixturevalue("mariadb"))[request.param]
        yield build(empty, folder / "bucket", monkeypatch, copy)
        for database in (name, f"{name}_2", f"{name}_3", copy):
            connection.execute(
                sql.SQL("drop database if exists {}").format(sql.Identifier(database))
            )


def _empty(server: Warehouse, name: str) -> Warehouse:
    """Create an empty warehouse beside another one."""
    with server.connect() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    empty = replace(server, database=name)
    warehouse_module.init_warehouse(empty)
    return empty


def anew(rig: Rig, number: int) -> Rig:
    """Give a source another empty warehouse."""
    empty = _empty(_warehouse(rig), f"w_{rig.source.name}_{number}")
    rig.warehouse = empty  # type: ignore[attr-defined]  # as below
    return rig


def run(rig: Rig) -> list[LoadResult]:
    """Load the source as the command line does, and check that nothing went wrong."""
    results = driver.run(_warehouse(rig), [rig.source])
    assert [(result.outcome, result.error) for result in results if result.error] == []
    return results


def _warehouse(rig: Rig) -> Warehouse:
    warehouse: Warehouse = rig.warehouse  # type: ignore[attr-defined]  # all rigs have one
    return warehouse


def landed(results: list[LoadResult]) -> int:
    return sum(result.row_count for result in results)


def test_every_source_has_a_rig() -> None:
    class NoServer(Server):
        def __init__(self) -> None:
            pass

    def no_mariadb() -> MariaDb:
        raise AssertionError

    assert {*all_builders(NoServer(), no_mariadb)} == {source.name for source in SOURCES}


def test_a_run_that_is_killed_loses_and_doubles_nothing(rig: Rig) -> None:
    luck = random.Random(rig.source.name)  # noqa: S311 - dice
    for _ in range(3):
        arguments = [rig.source.name, _warehouse(rig).database]
        preloaded.kill(A_RUN, arguments, dict(os.environ), luck.uniform(0.05, 0.6))
    run(rig)
    assert rig.in_raw() == rig.at_source()
    rig.change()
    run(rig)
    assert rig.in_raw() == rig.at_source()


def test_the_first_load_brings_everything_and_the_second_nothing(rig: Rig) -> None:
    first = run(anew(rig, 2))
    assert {result.kind for result in first} == {"initial"}
    assert rig.in_raw() == rig.at_source()
    assert all(rig.at_source().values())
    assert landed(run(rig)) == 0
    assert rig.in_raw() == rig.at_source()


def test_a_change_comes_in_and_nothing_else_does(rig: Rig) -> None:
    rig.change()
    assert rig.in_raw() != rig.at_source()
    assert 0 < landed(run(rig)) < 12
    assert rig.in_raw() == rig.at_source()


def test_a_lost_working_directory_loses_and_doubles_nothing(rig: Rig) -> None:
    rig.change()
    shutil.rmtree(warehouse_module.warehouse_dir() / "dlt", ignore_errors=True)
    run(rig)
    assert rig.in_raw() == rig.at_source()


def test_a_new_column_lands_and_is_reported(rig: Rig) -> None:
    added = rig.add_column()
    notes = [note for result in run(rig) for note in result.notes]
    if added is None:
        assert rig.in_raw() == rig.at_source()
        return
    table, column = added
    assert any(column in note for note in notes), notes
    with _warehouse(rig).connect() as connection:
        found = connection.execute(
            sql.SQL("select count(*) from {} where {} is not null").format(
                sql.Identifier(rig.source.raw, table), sql.Identifier(column)
            )
        ).fetchone()
    assert found is not None
    assert found[0] > 0
    assert rig.in_raw() == rig.at_source()


def test_what_its_source_deleted_is_marked_and_stays(rig: Rig) -> None:
    before, marked = rig.in_raw(), _marked(rig)
    rig.delete()
    run(rig)
    assert rig.in_raw() == rig.at_source()
    if rig.source.name == "streams":  # a tombstone is one message more
        assert before["messages"].items() < rig.in_raw()["messages"].items()
        return
    gone = {table: before[table].keys() - rows.keys() for table, rows in rig.in_raw().items()}
    assert sum(map(len, gone.values())) == 1
    assert _marked(rig) == marked + 1


def test_an_empty_source_has_its_tables_all_the_same(rig: Rig) -> None:
    rig.empty()
    anew(rig, 3)
    assert landed(run(rig)) == 0
    assert rig.in_raw() == rig.at_source()
    assert set(rig.at_source()) <= set(rig.source.tables())
    assert not any(rig.in_raw().values())


def _marked(rig: Rig) -> int:
    with _warehouse(rig).connect() as connection:
        return sum(
            connection.execute(
                sql.SQL("select count(*) from {} where _deleted_at is not null").format(
                    sql.Identifier(rig.source.raw, table)
                )
            ).fetchall()[0][0]
            for table in rig.at_source()
        )
