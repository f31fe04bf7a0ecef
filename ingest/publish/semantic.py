"""The semantic layer as dbt has read it, kept for as long as the project stays the same.

dbt is asked only where the project has changed since: importing it takes seconds.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ingest.publish.dbt import run_dbt, target_folder
from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError

MARK = "semantic_manifest.made_from"
"""Beside dbt's semantic_manifest.json: of which state of the project it is."""


def mark(folder: Path, database: str) -> None:
    """Say of which state of the project the semantic_manifest.json in a folder is."""
    (folder / MARK).write_text(_state(database), encoding="utf-8")


def read_manifest(warehouse: Warehouse) -> str:
    """Return dbt's semantic manifest of the published marts: from a file, if that is not old.

    Raises:
        WarehouseError: dbt cannot read the project.
    """
    state = _state(warehouse.database)
    own = target_folder() / "metrics"
    # the docs site is made for the same target
    for folder in (own, target_folder() / "docs"):
        file, made_from = folder / "semantic_manifest.json", folder / MARK
        if file.exists() and made_from.exists() and made_from.read_text("utf-8") == state:
            return file.read_text(encoding="utf-8")
    os.environ.update(warehouse.environment, DBT_TARGET="live")
    # A folder apart: the target `live` would otherwise spoil the next build's partial parse.
    parsed = run_dbt("--quiet", "--write-json", "parse", "--target=live", f"--target-path={own}")
    if not parsed.success:
        raise WarehouseError(f"dbt cannot read the metrics: {parsed.exception}")
    mark(own, warehouse.database)
    return (own / "semantic_manifest.json").read_text(encoding="utf-8")


def _state(database: str) -> str:
    """Return what changes with every file that dbt reads the metrics from."""
    found = hashlib.sha256(database.encode())
    for file in [PROJECT_DIR / "dbt_project.yml", *sorted((PROJECT_DIR / "models").rglob("*"))]:
        if file.suffix in (".yml", ".sql"):
            stat = file.stat()
            found.update(f"{file}\n{stat.st_mtime_ns}\n{stat.st_size}\n".encode())
    return found.hexdigest()
