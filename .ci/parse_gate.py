"""Parse the dbt project without a database; any warning or deprecation is an error.

dbt checks its YAML against JSON schemas (misspelt keys, settings in the wrong place) for a few
cloud adapters only; here the checks are switched on for Postgres, too. The manifest is written to
`target/lint`, where dbt-bouncer and tests/python/test_project_rules.py read it: a manifest from
`dbt parse` holds no compiled SQL, so it must not stand in the way of the real one in `target`.

Two faults that dbt finds in a build alone are found here, too: a cycle, which foreign keys can
close, and a unit test whose name is longer than a table's may be.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import dbt.jsonschemas.jsonschemas as jsonschemas
from dbt.cli.main import dbtRunner
from dbt.compilation import Linker
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventLevel

PROJECT_DIR = Path(__file__).resolve().parent.parent
TARGET_DIR = PROJECT_DIR / "target" / "lint"

# of a name in Postgres
MOST_LETTERS = 63

# Parsing connects to nothing. Never to the real warehouse.
NO_SERVER = {"PGHOST": "nowhere.invalid", "PGPORT": "5432", "PGDATABASE": "none", "PGUSER": "none"}


def main() -> int:
    """Parse the project.

    Returns:
        0 if dbt had nothing to say, otherwise 1.
    """
    os.environ.update(NO_SERVER, PGPASSWORD="", DBT_TARGET="prod")
    jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS.add("postgres")
    complaints: list[str] = []

    def listen(event: Any) -> None:
        # Summaries repeat what was said before.
        if event.info.level in (EventLevel.WARN, EventLevel.ERROR) and (
            event.info.name != "DeprecationsSummary"
        ):
            complaints.append(f"{event.info.name}: {event.info.msg.strip()}")

    with tempfile.TemporaryDirectory() as profiles_dir:
        shutil.copy(PROJECT_DIR / "profiles.yml.example", Path(profiles_dir) / "profiles.yml")
        result = dbtRunner(callbacks=[listen]).invoke(
            [
                "parse",
                "--no-partial-parse",  # an unchanged file would not be checked again
                "--show-all-deprecations",
                "--no-use-colors",
                "--write-json",
                "--log-level=none",  # we print what is said, once
                "--log-level-file=none",
                f"--project-dir={PROJECT_DIR}",
                f"--profiles-dir={profiles_dir}",
                f"--target-path={TARGET_DIR}",
                f"--log-path={TARGET_DIR}",
            ]
        )
    if isinstance(result.result, Manifest):
        complaints += _not_built(result.result)
    for complaint in dict.fromkeys(complaints):
        print(complaint, file=sys.stderr)
    if result.exception is not None and not complaints:
        print(result.exception, file=sys.stderr)
    return 0 if result.success and not complaints else 1


def _not_built(manifest: Manifest) -> list[str]:
    long = [test.name for test in manifest.unit_tests.values() if len(test.name) > MOST_LETTERS]
    found = [f"the unit test {name} has more letters than {MOST_LETTERS}" for name in long]
    try:
        Linker().link_graph(manifest)
    except RuntimeError as error:
        found.append(str(error))
    return found


if __name__ == "__main__":
    sys.exit(main())
