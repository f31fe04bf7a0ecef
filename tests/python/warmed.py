"""Imported by the fork server of `preloaded`: lets dbt parse this project, twice.

dbt prepares much when it first parses in a process (JSON schemas of its classes, their readers and
writers): a second or two, which every command that is forked from here is spared.
"""

from __future__ import annotations

import gc
import json
import re
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dbt.cli.main import dbtRunner
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.tests import enable_test_caching
from dbt_extractor import ExtractionError  # type: ignore[import-untyped]  # it has no types

SERVER = {"type": "postgres", "host": "nowhere", "port": 1, "schema": "none", "threads": 1}
LOGIN = {"user": "nobody", "password": "", "dbname": "none"}


def _extract(source: str) -> dict[str, Any]:
    """Do for a plain ref or source what dbt_extractor does, whose threads would not be forked."""
    names = re.findall("'(.*?)'", source)
    if "ref(" in source:
        return {"refs": [{"name": names[0], "package": None, "version": None}], "sources": []}
    return {"refs": [], "sources": [names]}


def _compile(environment: MacroFuzzEnvironment, source: Any, *arguments: Any, **named: Any) -> Any:
    """Compile a template as Jinja does, each one once."""
    key = (type(environment), source)
    if not isinstance(source, str) or arguments or named:
        return COMPILE(environment, source, *arguments, **named)
    if key not in COMPILED:
        COMPILED[key] = COMPILE(environment, source)
    return COMPILED[key]


COMPILE, COMPILED = MacroFuzzEnvironment.compile, dict[Any, Any]()
patch.object(MacroFuzzEnvironment, "compile", _compile).start()
enable_test_caching()
gc.disable()
with (
    tempfile.TemporaryDirectory() as folder,
    patch("dbt.parser.models.py_extract_from_source", side_effect=ExtractionError),
    patch("dbt.parser.unit_tests.py_extract_from_source", _extract),
    patch("dbt.clients.jinja_static.py_extract_from_source", _extract),
):
    profiles = {"mypizza": {"target": "dev", "outputs": {"dev": SERVER | LOGIN}}}
    Path(folder, "profiles.yml").write_text(json.dumps(profiles), encoding="utf-8")
    places = [f"--{name}={folder}" for name in ("profiles-dir", "target-path", "log-path")]
    for _ in range(2):  # the second time, it reads what it has kept of the first
        done = dbtRunner().invoke(["parse", *places, "--quiet", "--no-write-json"])
        if not done.success:
            print("dbt cannot parse the project:", done.exception)
gc.freeze()
