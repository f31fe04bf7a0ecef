"""What the command line says: to people in a terminal and in a pipe, and to programs."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from ingest.cli import STOPPED
from ingest.loads.branches import Branch
from ingest.publish import inputs
from ingest.sources.registry import SOURCES
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import (
    copy_project,
    let_business_dates_end,
    mypizza,
    query,
    settings,
)

COMMAND = [sys.executable, "-m", "ingest.cli"]
PARTS = ("chicago", "quito", "stock_counts", "stock_deliveries", "lyon lyon_sales", "tickets")


@pytest.fixture(scope="module")
def warehouse(small_warehouse: Warehouse) -> Warehouse:
    """The small company, published."""
    return small_warehouse


def in_a_terminal(*arguments: str, columns: int = 80) -> str:
    """Run a command in a terminal of so many columns; return what is seen, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", raw_terminal(*arguments, columns=columns))


def raw_terminal(*arguments: str, columns: int = 80) -> str:
    """Run a command in a terminal of so many columns; return what it receives."""
    reader, writer = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm"}
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=writer, stderr=writer, env=environment
    )
    os.close(writer)
    seen = bytearray()
    try:
        while part := os.read(reader, 4096):
            seen += part
    except OSError:  # Linux says so where the other end is closed
        pass
    process.wait()
    os.close(reader)
    return seen.decode().replace("\r\n", "\n")


def publications(warehouse: Warehouse) -> Any:
    return query(warehouse, "select count(*), max(finished_at) from audit.publications")


def test_every_name_can_be_read_in_a_terminal_of_80_columns(warehouse: Warehouse) -> None:
    assert warehouse.embedded
    seen = in_a_terminal("status")
    table = seen.partition("Publications")[0]
    assert max(map(len, table.splitlines())) <= 80
    for part in PARTS:
        assert all(word in table for word in part.split()), part
    assert "…" not in seen
    assert "│" not in seen


def test_a_pipe_gets_one_line_per_row_of_plain_text(warehouse: Warehouse) -> None:
    assert warehouse.embedded
    piped = mypizza("status").stdout
    for part in PARTS:
        row = rf"^.*\b{part} .*\d{{4}}-\d\d-\d\d \d\d:\d\d .* succeeded$"
        assert re.search(row, piped, re.MULTILINE), part
    assert "\x1b" not in piped
    assert "…" not in piped


def test_reasons_in_quarantine_can_be_read(warehouse: Warehouse) -> None:
    ((reason, key),) = query(
        warehouse,
        "select reasons[1], record_key from audit.quarantine where released_at is null limit 1",
    )
    piped = mypizza("quarantine").stdout
    assert reason in piped
    assert key in piped
    seen = in_a_terminal("quarantine")
    assert max(map(len, seen.partition("record(s)")[0].splitlines()[:-1])) <= 80
    assert all(word in seen for word in reason.split() if len(word) < 8)


def test_a_source_that_is_left_out_is_shown_and_not_expected(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    project = copy_project(tmp_path)
    listed = project / "dbt_project.yml"
    text = listed.read_text(encoding="utf-8")
    listed.write_text(text.replace("    social:\n", "    other:\n"), encoding="utf-8")
    late = "update audit.loads set finished_at = finished_at {} interval '99 h' where source = '{}'"
    query(warehouse, late.format("-", "social"))
    outcome = "update audit.loads set outcome = '{}' where source = 'social'"
    try:
        late_by = "social: the last successful load was more than 50 hours ago."
        assert late_by in mypizza("status", expect=1).stdout
        query(warehouse, outcome.format("failed"))
        assert "social: no load has succeeded yet." in mypizza("status", expect=1).stdout
        assert "social" in mypizza("status", project=project).stdout
    finally:
        query(warehouse, late.format("+", "social"))
        query(warehouse, outcome.format("succeeded"))


def test_programs_get_json(warehouse: Warehouse) -> None:
    status = json.loads(mypizza("status", "--json").stdout)
    assert status["problems"] == []
    assert {(row["branch_id"], row["state"], row["proven_by"]) for row in status["proof"]} >= {
        ("chicago", "proven", "payments of the orders, totals of the orders"),
        ("lyon", "proven", "sales of the day"),
    }
    assert status["findings"] == []
    assert {(load["branch_id"], load["feed"]) for load in status["loads"]} >= {
        ("chicago", None), ("lyon", "lyon_sales"), (None, "stock_counts"),
    }  # fmt: skip
    held = json.loads(mypizza("quarantine", "--json", "--limit", "1").stdout)
    (in_all,) = query(warehouse, "select count(*) from audit.quarantine where released_at is null")[
        0
    ]
    assert held["records_in_all"] == in_all
    assert len(held["records"]) == 1
    loads = json.loads(mypizza("ingest", "social", "--json").stdout)["loads"]
    assert [(load["source"], load["outcome"], load["row_count"]) for load in loads] == [
        ("social", "succeeded", 0)
    ]


def test_a_source_without_branches_is_not_loaded_by_branch(warehouse: Warehouse) -> None:
    assert warehouse.embedded
    refused = mypizza("ingest", "social", "--branch", "chicago", expect=1)
    assert refused.stdout == ""
    assert refused.stderr == "The source social has no branches: leave out --branch.\n"
    unknown = mypizza("ingest", "--branch", "nowhere", expect=1).stderr
    assert "There is no branch 'nowhere'" in unknown


def test_an_ingest_without_anything_configured_says_so(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    assert warehouse.embedded
    elsewhere = {"MYPIZZA_CONFIG_DIR": str(tmp_path)}
    for command in ("ingest", "run"):
        said = mypizza(command, expect=1, environment=elsewhere).stderr
        assert said.startswith("No source is configured")


def test_a_run_with_nothing_new_compares_every_till_and_builds_nothing(
    warehouse: Warehouse,
) -> None:
    let_business_dates_end()
    mypizza("run", "--no-docs")
    before = publications(warehouse)
    compared = "select min(reconciled_at) from audit.reconciliation where branch_id = 'chicago'"
    ((first,),) = query(warehouse, f"{compared} and business_date = '2015-12-30'")
    ran = mypizza("run", "--no-docs").stdout
    assert "Nothing has changed since the publication of 20" in ran
    assert publications(warehouse) == before
    ((again,),) = query(warehouse, f"{compared} and business_date = '2015-12-30'")
    assert again > first
    said = json.loads(mypizza("run", "--no-docs", "--json").stdout)
    assert (said["is_built"], said["problems"]) == (False, [])


def is_up_to_date(warehouse: Warehouse, today: date | None = None) -> bool:
    """Whether the published version was built from what there is now.

    Business dates are those of the last publication, or a date that is given: one that ends while
    the tests run is news for a build.
    """
    ((_, built_at),) = publications(warehouse)
    dates = property(lambda branch: today or branch.date_at(built_at))
    with warehouse.connect() as connection, patch.object(Branch, "today", dates):
        now = inputs.fingerprint(connection, [source.raw for source in SOURCES])
        return inputs.published_from(connection, now) is not None


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (
            "insert into audit.publications (publication_id, finished_at, outcome)"
            " values ('x', now(), 'failed')",
            "delete from audit.publications where publication_id = 'x'",
        ),
        (
            "insert into audit.erasures (branch_id, customer_id) values ('chicago', '0')",
            "delete from audit.erasures where customer_id = '0'",
        ),
        (
            "update restricted.salt set salt = salt || 'x'",
            "update restricted.salt set salt = rtrim(salt, 'x')",
        ),
        (
            "update audit.reconciliation set difference = difference + 1 where branch_id = 'quito'",
            "update audit.reconciliation set difference = difference - 1 where branch_id = 'quito'",
        ),
        ("create table marts.stray ()", "drop table marts.stray"),
    ],
    ids=["a failed publication", "an erasure", "another salt", "days that differ", "another table"],
)
def test_what_a_build_depends_on_is_noticed(warehouse: Warehouse, change: str, back: str) -> None:
    assert is_up_to_date(warehouse)
    query(warehouse, change)
    assert not is_up_to_date(warehouse)
    query(warehouse, back)
    assert is_up_to_date(warehouse)


def test_another_day_another_project_and_another_version_are_noticed(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_up_to_date(warehouse, date(2100, 1, 1))
    with monkeypatch.context() as edited:
        project = copy_project(tmp_path)
        edited.setattr(inputs, "PROJECT_DIR", project)
        assert is_up_to_date(warehouse)
        with (project / "macros" / "new.sql").open("w") as file:
            file.write("{# nothing #}")
        assert not is_up_to_date(warehouse)
    config = settings() / "config.toml"
    configured = config.read_text(encoding="utf-8")
    config.write_text(f"{configured}# another comment\n", encoding="utf-8")
    assert not is_up_to_date(warehouse)
    config.write_text(configured, encoding="utf-8")
    assert is_up_to_date(warehouse)


@pytest.mark.parametrize(
    ("command", "awaited"),
    [
        (["ingest"], "at once"),
        (["run", "--no-docs", "--full-refresh"], "Load and reconcile"),
        (["run", "--no-docs", "--full-refresh"], "Concurrency"),
        (["dbt", "build", "--full-refresh"], "Concurrency"),
    ],
    ids=["while it starts", "while it loads", "while a run builds", "while dbt builds"],
)
def test_ctrl_c_ends_a_command_in_one_sentence(
    warehouse: Warehouse, command: list[str], awaited: str
) -> None:
    assert warehouse.embedded
    process = subprocess.Popen(
        [*COMMAND, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    if awaited == "at once":
        time.sleep(0.2)
    else:
        while awaited not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    said, error = process.communicate()
    assert process.returncode == 130, said + error
    assert error.startswith("Stopped by Ctrl+C. "), error
    assert len(error.splitlines()) == 1
    assert "Traceback" not in said


def test_the_exit_code_after_ctrl_c_is_the_same_where_it_met_generated_code(tmp_path: Path) -> None:
    """Python ends by the signal once Ctrl+C has passed `exec`, even though it was caught."""
    (tmp_path / "interrupted.py").write_text(
        "from ingest.cli import stopped\n"
        "try:\n"
        "    exec('raise KeyboardInterrupt')\n"
        "except KeyboardInterrupt:\n"
        "    stopped()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "interrupted"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT_DIR)}, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (130, f"{STOPPED}\n")


@pytest.mark.parametrize("then", ["pass", "raise ImportError('a library cannot be loaded')"])
def test_ctrl_c_ends_a_command_where_a_library_swallowed_or_turned_it(
    tmp_path: Path, then: str
) -> None:
    (tmp_path / "swallowed.py").write_text(
        "import os, signal\n"
        "from ingest.cli import app, main\n"
        "def run():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except BaseException:\n"
        f"        {then}\n"
        "app.run = run\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "swallowed"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT_DIR)}, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (130, f"{STOPPED}\n")


def test_what_a_library_logs_or_warns_of_does_not_reach_the_user(tmp_path: Path) -> None:
    """The driver logs a rollback that Ctrl+C met; SQLAlchemy warns of types of a till."""
    (tmp_path / "talkative.py").write_text(
        "import logging, warnings\n"
        "from ingest.cli import app, main\n"
        "def run():\n"
        "    logging.getLogger('psycopg').warning('error ignored in rollback')\n"
        "    warnings.warn('the CAST will be skipped', RuntimeWarning)\n"
        "    print('done')\n"
        "app.run = run\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "talkative"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT_DIR)}, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


def test_a_run_after_ctrl_c_makes_it_good_and_then_there_is_nothing_new(
    warehouse: Warehouse,
) -> None:
    query(
        warehouse,
        "update orders set note = 'no onions', updated_at = now() - interval '1 minute'"
        " where order_id = 5",
        "till_chicago",
    )
    before = publications(warehouse)
    mypizza("run", "--no-docs")
    assert query(warehouse, "select count(*) from audit.loads where outcome = 'running'") == [(0,)]
    assert publications(warehouse) != before
    assert is_up_to_date(warehouse)
    mypizza("rollback")
    assert not is_up_to_date(warehouse)
    mypizza("rollback")
    assert is_up_to_date(warehouse)
