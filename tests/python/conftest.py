"""What all tests share: an embedded server of their own, in a folder that goes when they end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before ingest.warehouse is imported, which reads it: no test may touch anyone's real warehouse.
HOME = Path(tempfile.mkdtemp(prefix="mypizza-tests-"))
os.environ["MYPIZZA_WAREHOUSE_DIR"] = str(HOME)


def _forget_the_server() -> None:
    for variable in [name for name in os.environ if name.startswith("PG")] + ["MYPIZZA_EMBEDDED"]:
        os.environ.pop(variable, None)


_forget_the_server()

from ingest import warehouse as warehouse_module  # noqa: E402 - the environment comes first


@pytest.fixture(scope="module")
def warehouse(request: pytest.FixtureRequest) -> Iterator[warehouse_module.Warehouse]:
    """An embedded server of the test file's own; its libpq variables stand in `os.environ`."""
    folder = HOME / request.module.__name__
    warehouse_module.WAREHOUSE_DIR = folder
    os.environ["MYPIZZA_WAREHOUSE_DIR"] = str(folder)
    try:
        yield warehouse_module.resolve()
    finally:
        warehouse_module.stop()
        _forget_the_server()
        shutil.rmtree(folder, ignore_errors=True)


def pytest_unconfigure() -> None:
    """Remove the folder, also where no test asked for the server."""
    shutil.rmtree(HOME, ignore_errors=True)
