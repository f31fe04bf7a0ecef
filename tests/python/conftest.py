"""What all tests share: an embedded server of their own, in a folder that goes when they end."""

from __future__ import annotations

import gc
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import fasteners
import pytest

# Before anything else: no test may touch anyone's real warehouse.
HOME = Path(tempfile.mkdtemp(prefix="mypizza-tests-"))
os.environ["MYPIZZA_WAREHOUSE_DIR"] = os.environ["MYPIZZA_CONFIG_DIR"] = str(HOME)
# What the test processes of one run share: the first of them names it, the others inherit the name.
SHARED = Path(os.environ.setdefault("MYPIZZA_TESTS_SHARED", str(HOME / "shared")))
# Nor may two test processes, or a test and a user, write into one dbt target.
os.environ["DBT_TARGET_PATH"] = str(HOME / "target")
os.environ["DBT_LOG_PATH"] = str(HOME / "logs")
# Two test processes run on two cores: what dbt's threads do beside each other, they wait for. Its
# log of every statement, which nobody reads here, is a twelfth of a build.
os.environ["DBT_THREADS"] = "2"
os.environ["DBT_LOG_LEVEL_FILE"] = "none"
# dbt's artifacts, which are written in full for each command, are for the commands that read them
os.environ["DBT_WRITE_JSON"] = "false"


def _forget_the_server() -> None:
    for variable in [name for name in os.environ if name.startswith("PG")] + ["MYPIZZA_EMBEDDED"]:
        os.environ.pop(variable, None)


_forget_the_server()

from ingest import warehouse as warehouse_module  # noqa: E402 - the environment comes first
from ingest.warehouse.server import is_running  # noqa: E402 - as above
from sample.cli import KEEP_PRICES  # noqa: E402 - as above
from tests.python import lighter_dlt  # noqa: E402 - as above
from tests.python.commands import (  # noqa: E402 - as above
    SMALL_COMPANY,
    copy_company,
    copy_project,
    declare,
    mypizza,
    read_settings_again,
    sample,
)

lighter_dlt.begin()

SMALL = ("chicago", "quito")
"""The branches with a till of the small company; a third one, Lyon, exports."""


@contextmanager
def _server_of(module: str) -> Iterator[warehouse_module.Warehouse]:
    folder = HOME / module
    os.environ["MYPIZZA_WAREHOUSE_DIR"] = os.environ["MYPIZZA_CONFIG_DIR"] = str(folder)
    declare(folder)
    read_settings_again()
    os.environ["DBT_TARGET_PATH"] = str(folder / "target")
    os.environ["DBT_LOG_PATH"] = str(folder / "logs")
    try:
        yield warehouse_module.resolve()
    finally:
        if is_running():  # its data is not needed any more
            data = str(folder / "data")
            warehouse_module.run_program("pg_ctl", "-D", data, "-m", "immediate", "stop")
        _forget_the_server()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def warehouse(
    request: pytest.FixtureRequest, empty_server: Path
) -> Iterator[warehouse_module.Warehouse]:
    """An embedded server of the test file's own; its libpq variables stand in `os.environ`."""
    copy_company(empty_server, HOME / request.module.__name__)
    with _server_of(request.module.__name__) as empty:
        yield empty


def _prepared(name: str, run: Callable[[Path], str]) -> Path:
    """Return the folder of a stopped server, which is made once and by whoever asks first.

    What its run printed stands in the folder, in `logs/printed`.
    """
    SHARED.mkdir(exist_ok=True)
    folder = SHARED / name
    printed = folder / "logs" / "printed"
    with fasteners.InterProcessLock(str(SHARED / f"{name}.lock")):
        if not printed.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                text = run(folder)
            finally:
                sample("stop", folder=folder)
                mypizza("down", folder=folder)
            printed.parent.mkdir(exist_ok=True)
            printed.write_text(text, encoding="utf-8")
    return folder


def _start(folder: Path) -> None:
    """Start a server that never waits for the disk: what it has is lost with the machine only."""
    mypizza("up", folder=folder)
    with (folder / "data" / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write("fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n")
    mypizza("down", folder=folder)


@pytest.fixture(scope="session")
def empty_server() -> Path:
    """The folder of a stopped server without anything in it: to be copied."""

    def start(folder: Path) -> str:
        _start(folder)
        return ""

    return _prepared("empty_server", start)


@pytest.fixture(scope="session")
def sample_company() -> Path:
    """The folder of a stopped server with the published sample company: to be copied.

    Its year is loaded first, and then five weeks in which prices change and guests come back. Its
    pages are not written: those of the small company are.
    """

    def trade(folder: Path) -> str:
        declare(folder)
        _start(folder)
        sample("start", folder=folder)
        mypizza("ingest", folder=folder)
        mypizza(*KEEP_PRICES, folder=folder)
        sample("advance", "--days", "35", folder=folder)
        printed = mypizza("run", "--no-docs", folder=folder).stdout
        mypizza("metrics", "list", folder=folder)  # reads the semantic layer, for all copies
        return printed

    return _prepared("sample_company", trade)


@pytest.fixture(scope="session")
def small_company() -> Path:
    """The folder of a stopped server with two tills and Lyon, published: six weeks of each.

    It was run by a copy of the project within the folder, whose name is one that programs misread.
    """

    def trade(folder: Path) -> str:
        declare(folder, SMALL)
        _start(folder)
        project = copy_project(folder)
        shutil.rmtree(project / ".dlt")
        shutil.copytree(folder / ".dlt", project / ".dlt")
        branches = [word for branch in SMALL for word in ("--branch", branch)]
        sample("start", *branches, "--weeks", "6", project=project, folder=folder)
        printed = mypizza("run", project=project, folder=folder).stdout
        mypizza("metrics", "list", folder=folder)  # as above
        return printed

    return _prepared(SMALL_COMPANY, trade)


@contextmanager
def _copy_of(
    company: Path, module: str, *, rests: bool = False
) -> Iterator[warehouse_module.Warehouse]:
    """Give a copy of a company's server; the tills and APIs of one that rests are not started."""
    copy_company(company, HOME / module)
    with _server_of(module) as copied:
        if rests:
            yield copied
            return
        sample("start")
        read_settings_again()
        try:
            yield copied
        finally:
            sample("stop")


@pytest.fixture(scope="module")
def published_warehouse(
    request: pytest.FixtureRequest, sample_company: Path
) -> Iterator[warehouse_module.Warehouse]:
    """An embedded server of the test file's own, with the sample company published; it rests."""
    with _copy_of(sample_company, request.module.__name__, rests=True) as published:
        yield published


@pytest.fixture(scope="module")
def small_warehouse(
    request: pytest.FixtureRequest, small_company: Path
) -> Iterator[warehouse_module.Warehouse]:
    """An embedded server of the test file's own, with the small company published."""
    with _copy_of(small_company, request.module.__name__) as published:
        yield published


@pytest.fixture(scope="module")
def resting_warehouse(
    request: pytest.FixtureRequest, small_company: Path
) -> Iterator[warehouse_module.Warehouse]:
    """The same for tests that load nothing: tills and APIs of the small company are not started."""
    with _copy_of(small_company, request.module.__name__, rests=True) as published:
        yield published


@dataclass(frozen=True)
class Receiver:
    """Somebody who is told of failures, at an address that is secret like Slack's."""

    url: str
    messages: list[str]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server on this machine that takes alerts."""
    messages: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Receiver(f"http://127.0.0.1:{server.server_port}/services/c4n4ry", messages)
    server.shutdown()
    thread.join()
    server.server_close()


LONGEST = (
    *("test_run", "test_ingest", "test_till_systems", "test_rights", "test_exports"),
    *("test_touched_orders", "test_report", "test_left_out", "test_conformance", "test_chain"),
    *("test_web", "test_quarantine", "test_reconcile", "test_metrics", "test_upgrade"),
    *("test_full_disk", "test_any_export", "test_cli", "test_ingest_mariadb", "test_files"),
    *("test_stock", "test_file_check", "test_superset"),
)
"""The files that take minutes, the longest first: begun last, one would keep a worker waiting.

test_ingest is the second, because the first one makes the company that the others copy.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; the order within a file stays."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONGEST)))


def pytest_collection_finish() -> None:
    """Let Python look for garbage less often: all that was imported and collected stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_unconfigure() -> None:
    """Remove the folder, also where no test asked for the server."""
    shutil.rmtree(HOME, ignore_errors=True)
