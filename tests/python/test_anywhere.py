"""It works wherever somebody clones it, whatever is in the environment."""

from __future__ import annotations

import os
import pwd
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from ingest import warehouse as warehouse_module
from ingest.loads.packages import follow_the_warehouse, new_load_id
from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError
from ingest.warehouse.programs import system_user
from sample.web import Server
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


@dataclass(frozen=True)
class Proxy:
    """A company's proxy, which writes down for whom it was asked and lets nothing out."""

    url: str
    asked: list[str]


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy on this machine."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_CONNECT = do_POST = do_GET  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Proxy(f"http://127.0.0.1:{server.server_port}", asked)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def apis(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The sample's web APIs without a record, and the variables that configure them."""
    state = tmp_path / "web.sqlite"
    with sqlite3.connect(state) as connection:
        connection.executescript((PROJECT_DIR / "sample" / "web.sql").read_text(encoding="utf-8"))
    with Server(state) as served:
        yield {
            f"SOURCES__{source.upper()}__{name.upper()}": value
            for source in ("social", "tickets")
            for url, secrets in [served.access(source)]
            for name, value in {"url": url, **secrets}.items()
        }


def test_what_is_on_this_machine_passes_by_a_proxy_and_what_is_outside_goes_through_it(
    proxy: Proxy, apis: dict[str, str]
) -> None:
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    company = {name: proxy.url for upper in names for name in (upper, upper.lower())}
    company["no_proxy"] = "intranet.example.com"
    loaded = mypizza("ingest", "social", "tickets", environment=company | apis)
    assert loaded.stdout.count("succeeded") == 2
    assert proxy.asked == []
    outside = apis | {"SOURCES__SOCIAL__URL": "http://api.example.com/v1"}
    mypizza("ingest", "social", environment=company | outside, expect=1)
    assert proxy.asked
    assert all(address.startswith("http://api.example.com/v1/posts") for address in proxy.asked)


def test_a_password_file_opens_a_server_of_ones_own(
    server: Warehouse, apis: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "passwords of mine"
    file.touch(mode=0o600)
    own = OWN_SERVER | apis | {"PGPASSWORD": "", "PGPASSFILE": str(file)}
    for password, expect in (("wrong", 1), (server.password, 0)):
        file.write_text(f"{server.host}:{server.port}:*:{server.user}:{password}\n")
        said = mypizza("up", environment=own, expect=expect)
    assert "answers" in said.stdout
    assert (
        "refuses the password"
        in mypizza("up", environment=own | {"PGPASSFILE": "/nowhere"}, expect=1).stderr
    )
    assert "succeeded" in mypizza("ingest", "social", environment=own).stdout
    assert "All checks passed" in mypizza("dbt", "debug", environment=own).stdout


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


def test_the_servers_user_is_added_once_by_commands_that_begin_at_once() -> None:
    if os.geteuid() != 0:
        assert system_user() is None  # the server runs as we do
        return
    name = "mypizza-tests"
    code = (
        "import pwd, sys\n"
        "from ingest.warehouse.programs import add_user\n"
        "sys.stdin.readline()\n"
        f"add_user('{name}')\n"
        f"print(pwd.getpwnam('{name}').pw_uid)\n"
    )
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT_DIR,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        time.sleep(2)  # all of them wait for their line
        for command in commands:
            assert command.stdin
            command.stdin.write("begin\n")
            command.stdin.flush()
        numbers = {command.communicate()[0] for command in commands}
        assert numbers == {f"{pwd.getpwnam(name).pw_uid}\n"}
    finally:
        subprocess.run(["/usr/sbin/userdel", name], check=False)


@pytest.mark.parametrize("seconds", [0.5, 0.6, 0.7])
def test_ctrl_c_while_the_server_stops_or_starts_leaves_it_whole(seconds: float) -> None:
    for command in ("down", "up"):
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest.cli", command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        time.sleep(seconds)
        # as a terminal does: Postgres' own programs get it, too
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate()
        assert (process.returncode, error.partition(".")[0]) in (
            (0, ""),
            (130, "Stopped by Ctrl+C"),
        )
        assert len(error.splitlines()) <= 1
    assert "answers" in mypizza("up").stdout


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
    with manager.connect() as connection:
        for statement in (
            "create temporary table large (id int)",
            "select lo_create(0)",
            "select lo_from_bytea(0, 'large')",
            "set temp_file_limit to -1",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        assert connection.execute("show temp_file_limit").fetchone() == ("4GB",)


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
