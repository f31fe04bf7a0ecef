"""What tests do as people do it: run the command line, and ask the warehouse."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomlkit
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from ingest.warehouse import PROJECT_DIR, Warehouse
from sample import company, configuration, files
from tests.python import preloaded

PARSED = "partial_parse.msgpack"
SMALL_COMPANY = "a pizza é#+%"
"""The folder of the small company, below what all test processes share."""


def mypizza(
    *arguments: str,
    expect: int | None = 0,
    environment: dict[str, str] | None = None,
    project: Path | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `mypizza` as a user does, and check its exit code.

    Args:
        arguments: as on the command line.
        expect: the exit code; None for any.
        environment: variables beside those of this process.
        project: another copy of this project.
        folder: a warehouse of its own, which need not exist yet.

    Returns:
        What it printed.
    """
    return _run("ingest.cli", arguments, expect, environment, project, folder)


def sample(
    *arguments: str,
    expect: int | None = 0,
    project: Path | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `mypizza-sample` as a user does; the arguments are as for `mypizza`.

    Returns:
        What it printed.
    """
    return _run("sample.cli", arguments, expect, None, project, folder)


def build(*models: str, project: Path | None = None, alone: bool = False) -> str:
    """Build models and what they are made from, without tests: nothing is published.

    Args:
        models: their names; they are built in `marts_next`.
        project: another copy of this project, whose seeds are loaded, too: here they are as they
            were when the company was published.
        alone: whether what they are made from is left as the build before has made it.

    Returns:
        What dbt printed.
    """
    kinds = ("test", "unit_test") if project else ("test", "unit_test", "seed")
    left_out = [word for kind in kinds for word in ("--exclude-resource-type", kind)]
    selected = [name if alone else f"+{name}" for name in models]
    return mypizza("dbt", "build", "--select", *selected, *left_out, project=project).stdout


def _run(
    module: str,
    arguments: Sequence[str],
    expect: int | None,
    environment: dict[str, str] | None,
    project: Path | None,
    folder: Path | None,
) -> subprocess.CompletedProcess[str]:
    variables = dict(os.environ)
    if project:
        variables |= {
            "MYPIZZA_PROJECT_DIR": str(project),
            "DBT_TARGET_PATH": str(project / "t"),
        }
    if folder:
        variables = {name: text for name, text in variables.items() if name[:2] != "PG"}
        variables.pop("MYPIZZA_EMBEDDED", None)
        variables |= {
            "MYPIZZA_WAREHOUSE_DIR": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
    if configured := project or folder:
        variables["MYPIZZA_CONFIG_DIR"] = str(configured)
    result = preloaded.run(module, list(arguments), variables | (environment or {}))
    assert expect is None or result.returncode == expect, (
        result.stdout[-6000:] + result.stderr[-3000:]
    )
    return result


def query(warehouse: Warehouse, text: str, database: str | None = None) -> list[tuple[Any, ...]]:
    """Run a statement in the warehouse, or in another database of its server (a till)."""
    with warehouse.connect(database or warehouse.database) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


def copy_project(folder: Path) -> Path:
    """Copy this project, without what was made by running it; its sources are those of the test."""
    ignored = shutil.ignore_patterns(
        ".venv", ".git", ".warehouse", "target", "logs", "secrets.toml", ".*_cache"
    )
    project = Path(shutil.copytree(PROJECT_DIR, folder / "project", ignore=ignored))
    for file in settings().glob("*"):
        shutil.copy(file, project / ".dlt")
    # what dbt knows of this project already: it parses only the files that a test changes
    known = Path(os.environ["MYPIZZA_TESTS_SHARED"], SMALL_COMPANY, "target", PARSED)
    if known.exists():
        (project / "t").mkdir()
        shutil.copy(known, project / "t")
    return project


def let_business_dates_end() -> None:
    """Wait for the full hour if it is near: a business date that ends is a reason to build."""
    now = datetime.now(UTC)
    if now.minute >= 58:
        time.sleep((60 - now.minute) * 60 - now.second)


def settings() -> Path:
    """Return the folder of the test's own config.toml and secrets.toml."""
    return Path(os.environ["MYPIZZA_CONFIG_DIR"], ".dlt")


def declare(folder: Path, branches: Sequence[str] | None = None) -> None:
    """Write the configuration of the sample company, without an address, into a folder of its own.

    Args:
        folder: below it is `.dlt`; what is there stays.
        branches: the branches whose tills are declared; default all.
    """
    file = folder / ".dlt" / "config.toml"
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    document = tomlkit.parse((PROJECT_DIR / ".dlt" / "config.toml").read_text(encoding="utf-8"))
    tills = document["sources"]["pos"]["tills"]
    for branch_id in list(tills) if branches else []:
        if branch_id not in (branches or ()):
            del tills[branch_id]
    file.write_text(tomlkit.dumps(document), encoding="utf-8")


def connect_sample(warehouse: Warehouse) -> None:
    """Write where the sample's tills and bucket are, for loads in this process, too."""
    configuration.write(
        configuration.tills(warehouse, company.branches_of(warehouse))
        | configuration.feeds(files.folder())
    )
    read_settings_again()


def read_settings_again() -> None:
    """Let dlt, where it is imported already, read the configuration of this test."""
    os.environ["DLT_PROJECT_DIR"] = os.environ["MYPIZZA_CONFIG_DIR"]
    if "dlt" in sys.modules:
        Container()[PluggableRunContext].reload_providers()


def copy_company(stopped: Path, folder: Path) -> None:
    """Copy the folder of a stopped server, whoever owns its files."""
    subprocess.run([shutil.which("cp") or "cp", "-a", stopped, folder], check=True)
