"""Runs `mypizza` and `mypizza-sample` in processes that need not import dbt and dlt first.

A fork server imports them once for each test process, with what else commands need; every command
is forked from it. That spares each three seconds, most of them for dbt, and another one or more
because dbt has parsed there before. The project itself is imported afresh.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([
    "adbc_driver_postgresql.dbapi",
    "confluent_kafka",
    "connectorx",
    "dbt.adapters.postgres",
    "dbt.cli.main",
    "dbterd.api",
    "dlt.destinations.impl.postgres.postgres",
    "dlt.sources.rest_api",
    "dlt.sources.sql_database",
    "markdown_it",
    "metricflow.engine.metricflow_engine",
    "metricflow_semantics.model.dbt_manifest_parser",
    "pandas",
    "psycopg",
    "pyarrow.parquet",
    "pymongo",
    "pymysql",
    "rich.table",
    "sqlalchemy.dialects.mysql",
    "sqlalchemy.dialects.postgresql",
    "typer",
    "vl_convert",
    "tests.python.warmed",
])  # fmt: skip


def run(
    module: str, arguments: list[str], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command, as `python -m ingest.cli` does.

    Args:
        module: `ingest.cli` or `sample.cli`.
        arguments: as on the command line.
        environment: all of the process's environment variables.

    Returns:
        Its exit code and what it printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / name for name in ("stdout", "stderr")]
        process = _processes.Process(
            target=_command, args=(module, arguments, environment, outputs)
        )
        # the child would import this process's main program, before it has its environment
        with patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):
            process.start()
        process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess(
            arguments, process.exitcode, *(file.read_text(encoding="utf-8") for file in outputs)
        )


def manifest(file: Path) -> None:
    """Write dbt's manifest of this project, which the fork server has parsed, into a file."""
    process = _processes.Process(target=_manifest, args=(file,))
    with patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):
        process.start()
    process.join()


def _manifest(file: Path) -> None:
    from tests.python import warmed  # this process has it: it would parse the project anywhere else

    warmed.write_manifest(file)


def kill(code: str, arguments: list[str], environment: dict[str, str], seconds: float) -> None:
    """Run code in a process group of its own, and kill the group.

    Args:
        code: what `python -c` would run. It calls `begins()` where the time begins to run.
        arguments: as on the command line.
        environment: all of the process's environment variables.
        seconds: for so long it runs.
    """
    here, there = _processes.Pipe()
    process = _processes.Process(target=_code, args=(code, arguments, environment, there))
    with patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):
        process.start()
    there.close()
    assert here.recv() == "begins"
    time.sleep(seconds)
    assert process.pid is not None
    with suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    here.close()


def _code(
    code: str, arguments: list[str], environment: dict[str, str], there: Connection[str, None]
) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c", *arguments]
    exec(code, {"begins": lambda: there.send("begins")})  # noqa: S102 - the code of a test


def _command(
    module: str, arguments: list[str], environment: dict[str, str], outputs: list[Path]
) -> None:
    # a fifth of dbt's time; what a command leaves goes with its process
    gc.disable()
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, file in enumerate(outputs, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), descriptor)
    if project := environment.get("MYPIZZA_PROJECT_DIR"):
        sys.path.insert(0, project)  # its code, too, is that of the copy
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
