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
HOME.chmod(0o711)  # where we are root, the server runs as another user and must get through
os.environ["MYPIZZA_WAREHOUSE_DIR"] = str(HOME)
for variable in [name for name in os.environ if name.startswith("PG")] + ["MYPIZZA_EMBEDDED"]:
    os.environ.pop(variable, None)

from ingest import warehouse as warehouse_module  # noqa: E402 - the environment comes first


@pytest.fixture(scope="session")
def warehouse() -> Iterator[warehouse_module.Warehouse]:
    """The tests' own embedded server, running; its libpq variables stand in `os.environ`."""
    try:
        yield warehouse_module.resolve()
    finally:
        warehouse_module.stop()


def pytest_unconfigure() -> None:
    """Remove the folder, also where no test asked for the server."""
    shutil.rmtree(HOME, ignore_errors=True)
