"""Imported by the fork server of `preloaded`: lets dbt parse this project, twice.

dbt prepares much when it first parses in a process (JSON schemas of its classes, their readers and
writers): a second or two, which every command that is forked from here is spared. Nor does it make
its debug events, a fifth of a build's time, unless a debug log is written.
"""

from __future__ import annotations

import gc
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.tests import enable_test_caching
from dbt_extractor import ExtractionError  # type: ignore[import-untyped]  # it has no types

from tests.python import lighter_dbt, lighter_dlt

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


def _begin(self: BaseEvent, *arguments: Any, **named: Any) -> None:
    """Keep the arguments of a debug event: most are never read."""
    if isinstance(self, DebugLevel) and not arguments:
        object.__setattr__(self, "_named", named)
    else:
        BEGIN(self, *arguments, **named)


def _attribute(self: BaseEvent, name: str) -> Any:
    """Make the message of a debug event once somebody asks for it."""
    if "pb_msg" not in self.__dict__:
        BEGIN(self, **self.__dict__["_named"])
    return ATTRIBUTE(self, name)


def _fire(self: EventManager, e: BaseEvent, *arguments: Any, **named: Any) -> None:
    """Fire an event, unless it is a debug event and no debug log is written."""
    is_read = any(logger.level in (EventLevel.DEBUG, EventLevel.TEST) for logger in self.loggers)
    if is_read or arguments or named.get("level") or not isinstance(e, DebugLevel):
        FIRE(self, e, *arguments, **named)


COMPILE, COMPILED = MacroFuzzEnvironment.compile, dict[Any, Any]()
patch.object(MacroFuzzEnvironment, "compile", _compile).start()
BEGIN: Callable[..., None] = BaseEvent.__init__
ATTRIBUTE: Callable[..., Any] = BaseEvent.__getattr__
FIRE = EventManager.fire_event
patch.object(BaseEvent, "__init__", _begin).start()
patch.object(BaseEvent, "__getattr__", _attribute).start()
patch.object(EventManager, "fire_event", _fire).start()
# it looks through all of the stack, for each flag of each adapter
patch.object(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "dbt")).start()
enable_test_caching()
lighter_dbt.begin()
lighter_dlt.begin()
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
    if done.success:
        MANIFEST: Manifest = done.result
        lighter_dbt.compile_macros(MANIFEST)
gc.freeze()


def write_manifest(file: Path) -> None:
    """Write what dbt knows of this project by its files alone, as `dbt parse` does."""
    MANIFEST.write(str(file))
