"""Runs dbt in this process: importing it a second time would cost seconds."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from ingest.warehouse import PROJECT_DIR

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult


def run_dbt(*arguments: str) -> dbtRunnerResult:
    """Run a dbt command on the project; the warehouse is the one in libpq's environment.

    Args:
        arguments: dbt's own, as on its command line.

    Returns:
        dbt's result: `success`, and what each node came to.
    """
    profiles = PROJECT_DIR / "profiles.yml"
    if not profiles.exists():
        shutil.copy(PROJECT_DIR / "profiles.yml.example", profiles)
    os.environ["DBT_PROJECT_DIR"] = str(PROJECT_DIR)
    os.environ.setdefault("DBT_PROFILES_DIR", str(PROJECT_DIR))
    from dbt.cli.main import dbtRunner

    return dbtRunner().invoke(list(arguments))
