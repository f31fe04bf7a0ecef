"""Whether there is anything to build: a fingerprint of all that a publication was built from.

A build from the same inputs would publish the same marts, but for the moment at which each till was
compared last. So `mypizza run` leaves it out when the published version was built from the very
same raw rows, project files, settings and dates.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from psycopg import sql

from ingest.loads import configuration
from ingest.loads.branches import branches
from ingest.loads.raw_tables import columns, exists
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.warehouse import LOADER, PROJECT_DIR, Warehouse

STATEMENTS = Statements(__file__)

PROJECT = (
    "dbt_project.yml", "models", "macros", "seeds", "snapshots",
    "tests/data", "tests/generic", "analyses", "docs/dbt",
)  # fmt: skip
"""The files and folders that dbt reads."""

PACKAGES = ("dbt-core", "dbt-postgres")


def fingerprint(connection: Connection, raws: Sequence[str]) -> str:
    """Return what a build would be made from, as one hash.

    Args:
        connection: a connection to the warehouse, after the loads.
        raws: the raw schemas.
    """
    parts = {
        "rows": {raw: dict(_newest_rows(connection, raw)) for raw in raws},
        "audit": connection.execute(STATEMENTS("inputs")).fetchone(),
        "files": files(PROJECT_DIR, PROJECT),
        "configuration": files(configuration.folder(), [configuration.CONFIG_FILE]),
        "versions": [version(package) for package in PACKAGES],
        "settings": settings(),
        "dates": {branch_id: str(branch.today) for branch_id, branch in branches().items()},
    }
    return hashed(parts)


def published_from(connection: Connection, inputs: str) -> datetime | None:
    """Say when the published version was built from these inputs; None if it was not.

    Args:
        connection: a connection to the warehouse.
        inputs: the fingerprint of the present inputs.
    """
    publication = _published(connection)
    if publication is None or not exists(connection, "audit.publication_inputs"):
        return None
    row = connection.execute(
        "select published_at from audit.publication_inputs"
        " where version_id = %s and fingerprint = %s",
        [publication, inputs],
    ).fetchone()
    return row[0] if row else None


def remember(warehouse: Warehouse, inputs: str) -> None:
    """Remember what the published version was built from.

    Args:
        warehouse: the warehouse; the caller holds its lock.
        inputs: the fingerprint that was taken before the build.
    """
    with warehouse.connect(name="mypizza publication", role=LOADER) as connection:
        publication = _published(connection)
        if publication is None:
            return
        connection.execute(STATEMENTS("publication_inputs"))
        with connection.transaction():
            connection.execute("delete from audit.publication_inputs")
            connection.execute(
                "insert into audit.publication_inputs (version_id, fingerprint) values (%s, %s)",
                [publication, inputs],
            )


def _published(connection: Connection) -> str | None:
    """Return which version is published; None if the last build was not, or on another target."""
    if os.environ.get("DBT_TARGET", "prod") != "prod" or not exists(
        connection, "audit.publications"
    ):
        return None
    row = connection.execute(STATEMENTS("published")).fetchone()
    comment, tables, outcome = row or (None, 0, None)
    return f"{comment}, {tables} tables" if comment and outcome != "failed" else None


def _newest_rows(connection: Connection, raw: str) -> Iterator[tuple[str, Any]]:
    """Yield the newest load that has rows in each table: an index knows it."""
    for table, names in columns(connection, raw).items():
        if "_dlt_load_id" in names:
            row = connection.execute(
                sql.SQL("select max(_dlt_load_id) from {}").format(sql.Identifier(raw, table))
            ).fetchone()
            yield table, row


def hashed(parts: Mapping[str, Any]) -> str:
    """Return one hash of many parts.

    Args:
        parts: by name; what JSON does not know is taken as its text.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def settings() -> dict[str, str]:
    """Return what the environment says to dbt, but for where it works."""
    return {
        name: text
        for name, text in os.environ.items()
        if name.startswith("DBT_") and not name.endswith(("_PATH", "_DIR"))
    }


def files(root: Path, names: Sequence[str]) -> str:
    """Return a hash of files.

    Args:
        root: the folder that they are in.
        names: files, and folders with all that is in them.
    """
    found = hashlib.sha256()
    for name in names:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                content = file.read_bytes()
                found.update(f"{file.relative_to(root)} {len(content)}\n".encode())
                found.update(content)
    return found.hexdigest()
