"""It works wherever somebody clones it, whatever is in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace

import psycopg
import pytest

from ingest import warehouse as warehouse_module
from ingest.loads.packages import follow_the_warehouse, new_load_id
from ingest.warehouse import Warehouse, WarehouseError
from tests.python.commands import mypizza

BY_CHANCE = {
    "PGCLIENTENCODING": "LATIN1",
    "PGOPTIONS": "-c search_path=nowhere",
    "PGSERVICE": "somebody_elses",
    "PGSERVICEFILE": "/nowhere",
    "PGPASSFILE": "/nowhere",
    "PGSSLROOTCERT": "system",
    "PGHOSTADDR": "192.0.2.1",
    "PGTZ": "Asia/Tokyo",
    "DBT_PROFILES_DIR": "/nowhere",
    "DBT_PROFILE": "somebody_elses",
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "xx_XX",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
}
OWN_SERVER = {"MYPIZZA_EMBEDDED": ""}


@pytest.fixture(scope="module", autouse=True)
def server(warehouse: Warehouse) -> Warehouse:
    """The test file's own embedded server."""
    return warehouse


def test_what_is_in_the_environment_by_chance_changes_nothing() -> None:
    assert "answers" in mypizza("up", environment=BY_CHANCE).stdout
    debug = mypizza("dbt", "debug", environment=BY_CHANCE)
    assert "All checks passed" in debug.stdout


@pytest.mark.parametrize("name", ["PGSERVICE", "PGOPTIONS", "PGHOSTADDR"])
def test_a_variable_that_not_all_drivers_read_is_named(name: str) -> None:
    refused = mypizza("up", environment=OWN_SERVER | {name: "x"}, expect=1).stderr
    assert refused.startswith(f"{name} is set")
    assert len(refused.splitlines()) == 1


def test_a_target_that_is_not_in_the_profile_is_named() -> None:
    refused = mypizza("dbt", "debug", environment={"DBT_TARGET": "nowhere"}, expect=1).stderr
    assert "DBT_TARGET is 'nowhere'" in refused


def test_loopback_passes_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example.com")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:1")
    warehouse_module.resolve()
    hosts = os.environ["NO_PROXY"].split(",")
    assert {"intranet.example.com", "127.0.0.1", "localhost", "::1"} <= set(hosts)


def test_a_process_with_a_dead_servers_number_is_left_alone() -> None:
    mypizza("down")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        (warehouse_module.data_dir() / "postmaster.pid").write_text(f"{stranger.pid}\n")
        assert "No server" in mypizza("down").stdout
        assert "answers" in mypizza("up").stdout
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_second_command_waits_for_the_first(server: Warehouse) -> None:
    first = warehouse_module.lock(server, "load")
    first.__enter__()
    with (
        pytest.raises(WarehouseError, match=r"busy: mypizza load .* waited 1 seconds"),
        warehouse_module.lock(server, "build", wait=1),
    ):
        pass
    release = threading.Timer(1, first.__exit__, [None, None, None])
    release.start()
    with warehouse_module.lock(server, "build", wait=30):
        pass
    release.join()


def test_what_a_dead_command_left_running_ends_with_the_next_lock(server: Warehouse) -> None:
    with server.connect(name="mypizza ingest", role="loader") as left:
        left.execute("create schema raw_left")
        left.execute("create table raw_left.rows (id int)")
        left.execute("begin")
        left.execute("insert into raw_left.rows values (1)")
        with server.connect(name="mypizza dbt", role="transformer") as reading:
            reading.execute("begin")
            reading.execute("select 1 from raw_left.rows")
            with warehouse_module.lock(server, "ingest"):
                time.sleep(0.5)
            assert reading.execute("select 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError):
            left.execute("select 1")
    with server.connect() as connection:
        assert connection.execute("show client_connection_check_interval").fetchone() == ("10s",)
        connection.execute("drop schema raw_left cascade")


def test_a_reader_stays_in_the_warehouse_and_fills_no_disk(server: Warehouse) -> None:
    warehouse_module.add_reader(warehouse_module.administrator(), "manager", "x", ["quito"])
    manager = replace(server, user="manager", password="x")  # noqa: S106 - of this test's server
    for database in ("postgres", "template1"):
        with pytest.raises(WarehouseError, match=f"may not connect to the database '{database}'"):
            manager.connect(database)
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with manager.connect() as connection, refused:
        connection.execute("create temporary table large (id int)")


def test_the_id_of_a_load_is_above_one_of_a_clock_that_was_ahead(server: Warehouse) -> None:
    ahead = str(time.time() + 86_400)
    with server.connect(role="loader") as connection:
        assert abs(float(new_load_id(connection, "raw_ids")) - time.time()) < 60
        connection.execute("create schema raw_ids")
        connection.execute("create table raw_ids._dlt_loads (load_id text)")
        connection.execute("insert into raw_ids._dlt_loads values (%s)", [ahead])
        assert new_load_id(connection, "raw_ids") > ahead
        follow_the_warehouse(connection, "raw_ids")
        from dlt.common.storages.load_package import create_load_id  # slow to import

        assert create_load_id() > ahead
        connection.execute("drop schema raw_ids cascade")


def test_the_server_and_dbt_work_in_a_folder_with_an_odd_name() -> None:
    folder = warehouse_module.warehouse_dir() / "a é#+% folder"
    odd = {
        "MYPIZZA_WAREHOUSE_DIR": str(folder / "home"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "PGHOST": "",
        "MYPIZZA_EMBEDDED": "",
    }
    try:
        assert "answers" in mypizza("up", environment=odd).stdout
        assert "All checks passed" in mypizza("dbt", "debug", environment=odd).stdout
    finally:
        mypizza("down", environment=odd)
