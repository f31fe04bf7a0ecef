"""What tests do as people do it: run the command line, and ask the warehouse."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python import preloaded


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
    variables = os.environ | {"COLUMNS": "250"}
    if folder:
        variables = {name: text for name, text in variables.items() if name[:2] != "PG"}
        variables.pop("MYPIZZA_EMBEDDED", None)
        variables |= {
            "MYPIZZA_WAREHOUSE_DIR": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
    if project:
        variables |= {"MYPIZZA_PROJECT_DIR": str(project), "DBT_TARGET_PATH": str(project / "t")}
    result = preloaded.run(list(arguments), variables | (environment or {}))
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
    """Copy this project, without what was made by running it."""
    ignored = shutil.ignore_patterns(".venv", ".git", ".warehouse", "target", "logs")
    return Path(shutil.copytree(PROJECT_DIR, folder / "project", ignore=ignored))


def copy_company(stopped: Path, folder: Path) -> None:
    """Copy the folder of a stopped server, whoever owns its files."""
    subprocess.run([shutil.which("cp") or "cp", "-a", stopped, folder], check=True)
