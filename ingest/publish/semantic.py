"""The semantic layer as dbt has read it, kept for as long as the project stays the same.

dbt is asked only where the project has changed since: importing it takes seconds.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import fasteners

from ingest.publish.dbt import run_dbt, target_folder, write_profile
from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError

MARK = "semantic_manifest.made_from"
"""Beside dbt's semantic_manifest.json: of which state of the project it is."""


def read_manifest(warehouse: Warehouse) -> str:
    """Return dbt's semantic manifest of the published marts: from a file, if that is not old.

    Raises:
        WarehouseError: dbt cannot read the project.
    """
    own = target_folder() / "metrics"
    # the docs site is made for the same target
    folders = (own, target_folder() / "docs")
    if found := _kept(state(warehouse.database), folders):
        return found
    own.mkdir(parents=True, exist_ok=True)
    # of two commands the second takes what the first has made
    with fasteners.InterProcessLock(str(own / "lock")):
        # what changes while dbt reads may not be in what it has read
        made_from = state(warehouse.database)
        if found := _kept(made_from, folders):
            return found
        unmark(own)
        os.environ.update(warehouse.environment, DBT_TARGET="live")
        # A folder apart: the target `live` would otherwise spoil the next build's partial parse.
        parsed = run_dbt(
            "--quiet", "--write-json", "parse", "--target=live", f"--target-path={own}"
        )
        if not parsed.success:
            raise WarehouseError(f"dbt cannot read the metrics: {parsed.exception}")
        mark(own, made_from)
        return (own / "semantic_manifest.json").read_text(encoding="utf-8")


def mark(folder: Path, made_from: str) -> None:
    """Say of which state of the project the semantic_manifest.json in a folder is.

    Args:
        folder: the folder.
        made_from: the state, taken before dbt began to read.
    """
    beside = folder / f".{MARK}.{os.getpid()}"
    beside.write_text(made_from, encoding="utf-8")
    beside.replace(folder / MARK)


def unmark(folder: Path) -> None:
    """Say that a folder has no semantic_manifest.json, before dbt writes one.

    Args:
        folder: the folder.
    """
    (folder / MARK).unlink(missing_ok=True)


def state(database: str) -> str:
    """Return what changes with every file that dbt reads the metrics from.

    Args:
        database: the warehouse's database.
    """
    write_profile()
    found = hashlib.sha256(database.encode())
    profiles = Path(os.environ.get("DBT_PROFILES_DIR") or PROJECT_DIR)
    files = [PROJECT_DIR / "dbt_project.yml", profiles / "profiles.yml"]
    for folder in ("macros", "models"):
        files += sorted((PROJECT_DIR / folder).rglob("*"))
    for file in files:
        if file.suffix in (".yml", ".sql", ".md") and file.exists():
            stat = file.stat()
            found.update(f"{file}\n{stat.st_mtime_ns}\n{stat.st_size}\n".encode())
    return found.hexdigest()


def _kept(made_from: str, folders: Sequence[Path]) -> str | None:
    """Return what one of some folders has of a state of the project, or None."""
    for folder in folders:
        file, marked = folder / "semantic_manifest.json", folder / MARK
        if file.exists() and marked.exists() and marked.read_text("utf-8") == made_from:
            return file.read_text(encoding="utf-8")
    return None
