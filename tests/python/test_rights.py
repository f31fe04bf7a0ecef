"""Who may see what: the roles, the row policies and the way both travel with a publication.

The tests of this file share one warehouse, filled by the pipeline as it runs by default.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse

BRANCHES = ("new_york", "chicago", "san_francisco", "honolulu", "quito")
PASSWORD = "an analyst's p@ssword"  # noqa: S105 - invented for these tests


def mypizza(
    *arguments: str, expect: int = 0, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, and check its exit code."""
    result = subprocess.run(
        [sys.executable, "-m", "ingest.cli", *arguments],
        env=os.environ | {"COLUMNS": "200"} | (environment or {}),
        capture_output=True,
        text=True,
    )
    assert result.returncode == expect, result.stdout[-6000:] + result.stderr[-3000:]
    return result


def query(warehouse: Warehouse, text: str, role: str | None = None) -> list[tuple[Any, ...]]:
    with warehouse.connect(role=role) as connection:
        return connection.execute(text).fetchall()


def administrator(warehouse: Warehouse, database: str = "mypizza") -> Warehouse:
    password = warehouse_module._read_connection().admin_password
    return replace(warehouse, database=database, user="postgres", password=password)


@pytest.fixture(scope="module")
def published(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A published warehouse, an analyst's login, and one for each branch's manager."""
    for variable, folder in (("DBT_TARGET_PATH", "target"), ("DBT_LOG_PATH", "logs")):
        os.environ[variable] = str(tmp_path_factory.mktemp(folder))
    mypizza("run", "--no-docs")
    logins = {"analyst": "reader"} | {f"boss_{each}": f"manager_{each}" for each in BRANCHES}
    with administrator(warehouse).connect() as connection:
        for login, role in logins.items():
            connection.execute(
                sql.SQL("create role {} login password {} in role {}").format(
                    sql.Identifier(login), sql.Literal(PASSWORD), sql.Identifier(role)
                )
            )
    return warehouse


def as_user(warehouse: Warehouse, user: str) -> Warehouse:
    return replace(warehouse, user=user, password=PASSWORD)


def marts(warehouse: Warehouse) -> dict[str, bool]:
    """Every published mart that the catalog knows, and whether it has a branch."""
    return dict(
        query(
            warehouse,
            """
            select c.relname, exists (
                select 1 from pg_attribute as a
                where a.attrelid = c.oid and a.attname = 'branch_id' and not a.attisdropped
            )
            from pg_class as c
            where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'v', 'm')
            """,
        )
    )


def test_no_role_of_the_pipeline_is_a_superuser(published: Warehouse) -> None:
    roles = query(
        published,
        "select rolname, rolcanlogin from pg_roles where (rolsuper or rolbypassrls or "
        "rolcreaterole) and rolname in ('mypizza', 'loader', 'transformer', 'reader', "
        "'branch_manager') or rolname like 'manager%' and rolsuper",
    )
    assert roles == []


def test_raw_belongs_to_the_loader_and_what_dbt_builds_to_the_transformer(
    published: Warehouse,
) -> None:
    owners = query(
        published,
        """
        select distinct n.nspname, c.relowner::regrole::text
        from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm') and n.nspname !~ '^(pg_|information_schema)'
        order by 1, 2
        """,
    )
    expected = {"raw_pos": {"loader"}, "raw_pos_staging": {"loader"}}
    expected["audit"] = {"loader", "transformer"}
    for schema, owner in owners:
        assert owner in expected.get(schema, {"transformer"}), (schema, owner)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("loader", "select 1 from marts.fct_orders"),
        ("loader", "select 1 from staging.stg_pos__customers"),
        ("loader", "delete from audit.publications"),
        ("transformer", "delete from raw_pos.orders"),
        ("transformer", "update raw_pos.customers set full_name = ''"),
        ("transformer", "truncate raw_pos.payments"),
        ("transformer", "create table raw_pos.mine (a integer)"),
        ("transformer", "update audit.loads set outcome = 'succeeded'"),
        ("reader", "select 1 from marts_next.fct_orders"),
        ("reader", "delete from marts.fct_orders"),
        ("branch_manager", "update marts.fct_orders set gross_revenue = 0"),
    ],
)
def test_roles_are_refused_what_is_not_theirs(
    published: Warehouse, role: str, statement: str
) -> None:
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with administrator(published).connect(role=role) as connection, refused:
        connection.execute(statement)


@pytest.mark.parametrize("user", ["analyst", "boss_quito"])
def test_readers_and_managers_can_use_the_marts_and_nothing_else(
    published: Warehouse, user: str
) -> None:
    reader = as_user(published, user)
    usable = query(
        reader,
        """
        select nspname from pg_namespace
        where nspname !~ '^pg_' and has_schema_privilege(oid, 'usage')
        """,
    )
    assert {name for (name,) in usable} == {"marts", "information_schema", "public"}
    readable = query(
        reader,
        """
        select n.nspname, c.relname
        from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm', 'p') and n.nspname !~ '^(pg_|information_schema)'
            and has_schema_privilege(n.oid, 'usage')
            and has_table_privilege(c.oid, 'select')
        """,
    )
    assert {name for _, name in readable} == set(marts(published))
    assert query(
        reader,
        """
        select bool_or(has_schema_privilege(oid, 'create')),
            has_database_privilege(current_database(), 'create')
        from pg_namespace
        """,
    ) == [(False, False)]
    assert query(
        reader,
        """
        select relname from pg_class
        where relnamespace = 'marts'::regnamespace and relkind = 'r'
            and has_table_privilege(oid, 'insert, update, delete, truncate')
        """,
    ) == []  # fmt: skip


def wrong_rows(warehouse: Warehouse) -> list[str]:
    """What is wrong with what each branch's manager sees of each mart, and the analyst."""
    wrong = []
    tables = marts(warehouse)
    assert len(tables) >= 10
    with_branch = [table for table, has_branch in tables.items() if has_branch]
    everything = as_user(warehouse, "analyst")
    for table in with_branch:
        seen = {branch for (branch,) in query(everything, f"select branch_id from marts.{table}")}
        if seen != set(BRANCHES):
            wrong.append(f"the analyst sees {seen} of {table}")
    for branch in BRANCHES:
        with as_user(warehouse, f"boss_{branch}").connect() as connection:
            for table in tables:
                column = "branch_id" if table in with_branch else f"'{branch}'"
                rows = connection.execute(f"select distinct {column} from marts.{table}").fetchall()
                if rows != [(branch,)]:
                    wrong.append(f"the manager of {branch} sees {rows} of {table}")
    return wrong


def test_each_manager_sees_the_own_branch_alone_in_every_mart(published: Warehouse) -> None:
    assert wrong_rows(published) == []
    with as_user(published, "boss_quito").connect() as connection:
        (orders,) = connection.execute("select count(*) from marts.fct_orders").fetchall()
    assert orders == query(
        published, "select count(*) from marts.fct_orders where branch_id = 'quito'"
    )[0]  # fmt: skip


def test_every_mart_with_a_branch_has_its_policies(published: Warehouse) -> None:
    without = query(
        published,
        """
        select c.relname
        from pg_class as c
        inner join pg_attribute as a
            on a.attrelid = c.oid and a.attname = 'branch_id' and not a.attisdropped
        where c.relnamespace in ('marts'::regnamespace) and c.relkind in ('r', 'v', 'm', 'p')
            and (
                not c.relrowsecurity
                or (select count(*) from pg_policy as p where p.polrelid = c.oid) <> 2
            )
        """,
    )
    assert without == []


def test_the_policy_asks_once_per_query_which_branches_there_are(published: Warehouse) -> None:
    with as_user(published, "boss_chicago").connect() as connection:
        plan = "\n".join(
            line
            for (line,) in connection.execute("explain (analyze) select * from marts.fct_orders")
        )
    assert "InitPlan" in plan
    assert "SubPlan" not in plan


def test_a_manager_of_two_branches_sees_both_and_one_of_none_sees_nothing(
    published: Warehouse,
) -> None:
    with administrator(published).connect() as connection:
        connection.execute("grant manager_chicago to boss_quito")
        connection.execute("revoke manager_honolulu from boss_honolulu")
        connection.execute("grant branch_manager to boss_honolulu")
    branches = "select distinct branch_id from marts.fct_orders order by 1"
    try:
        assert query(as_user(published, "boss_quito"), branches) == [("chicago",), ("quito",)]
        assert query(as_user(published, "boss_honolulu"), branches) == []
    finally:
        with administrator(published).connect() as connection:
            connection.execute("revoke manager_chicago from boss_quito")
            connection.execute("revoke branch_manager from boss_honolulu")
            connection.execute("grant manager_honolulu to boss_honolulu")


def test_rights_hold_in_a_loop_during_rebuilds_and_after_a_rollback(published: Warehouse) -> None:
    stop = threading.Event()
    problems: list[str] = []
    rounds: list[int] = []

    def watch(branch: str) -> None:
        count = 0
        with as_user(published, f"boss_{branch}").connect(name="manager in a loop") as connection:
            while not stop.is_set():
                for table in with_branch:
                    try:
                        rows = connection.execute(
                            f"select distinct branch_id from marts.{table}"
                        ).fetchall()
                    except psycopg.Error as error:
                        problems.append(f"{branch}, {table}: {error}")
                        return
                    if rows != [(branch,)]:
                        problems.append(f"{branch}, {table}: {rows}")
                count += 1
        rounds.append(count)

    with_branch = [table for table, has_branch in marts(published).items() if has_branch]
    watchers = [threading.Thread(target=watch, args=(branch,)) for branch in ("quito", "chicago")]
    for watcher in watchers:
        watcher.start()
    try:
        mypizza("sample", "advance", "--days", "1")
        mypizza("run", "--no-docs")
        mypizza("rollback")
        mypizza("rollback")
        mypizza("run", "--no-docs", "--full-refresh")
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()
    assert problems == []
    assert len(rounds) == 2
    assert min(rounds) > 5
    mypizza("rollback")
    assert wrong_rows(published) == []
    for user in ("analyst", "boss_quito"):
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
        with as_user(published, user).connect() as connection, refused:
            connection.execute("select 1 from marts_next.fct_orders")


@pytest.fixture
def own_server(published: Warehouse) -> Iterator[dict[str, str]]:
    """An empty database on a server of one's own, and its administrator's environment."""
    admin = administrator(published, "postgres")
    with admin.connect() as connection:
        connection.execute("create database restaurant")
    yield replace(admin, database="restaurant").environment | {"MYPIZZA_EMBEDDED": ""}
    with admin.connect() as connection:
        connection.execute("drop database restaurant with (force)")
        connection.execute("drop role if exists piper")


def test_a_server_of_ones_own_is_prepared_once_by_its_administrator(
    own_server: dict[str, str], published: Warehouse, tmp_path: Path
) -> None:
    password = "l0gin's p@ssword"  # noqa: S105 - invented for this test
    pipeline = own_server | {"PGUSER": "mypizza", "PGPASSWORD": published.password}
    refused = mypizza("up", expect=1, environment=pipeline).stderr
    assert "The database 'restaurant' is not prepared" in refused
    assert "mypizza init-warehouse" in refused
    assert len(refused.strip().splitlines()) == 1

    new_login = own_server | {"MYPIZZA_LOGIN_PASSWORD": password}
    for _ in range(2):
        made = mypizza("init-warehouse", "--login", "piper", environment=new_login)
        assert password not in made.stdout + made.stderr
    piper = own_server | {"PGUSER": "piper", "PGPASSWORD": password}
    assert "answers" in mypizza("up", environment=piper).stdout
    log = (warehouse_module._data_dir() / "server.log").read_text(errors="replace")
    assert password not in log

    # a login that nobody made a member
    with administrator(published).connect() as connection:
        connection.execute("revoke loader from piper")
    refused = mypizza("up", expect=1, environment=piper).stderr
    assert "no member of the role loader" in refused

    # a new branch has a manager, too: the preparation is out of date
    project = tmp_path / "project"
    (project / "seeds").mkdir(parents=True)
    seed = (PROJECT_DIR / "seeds" / "branches.csv").read_text(encoding="utf-8")
    row = seed.strip().splitlines()[-1].replace("quito", "lima")
    (project / "seeds" / "branches.csv").write_text(f"{seed.strip()}\n{row}\n", encoding="utf-8")
    grown = {"MYPIZZA_PROJECT_DIR": str(project)}
    refused = mypizza("up", expect=1, environment=piper | grown).stderr
    assert "other branches" in refused


def test_who_is_no_administrator_gets_one_sentence(own_server: dict[str, str]) -> None:
    nobody = own_server | {"PGUSER": "analyst", "PGPASSWORD": PASSWORD}
    refused = mypizza("init-warehouse", expect=1, environment=nobody).stderr
    assert "may not prepare the database 'restaurant'" in refused
    assert len(refused.strip().splitlines()) == 1
