"""The generators of till databases write what these programs write, on their real engines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from ingest.warehouse import Warehouse
from tests.python.test_ingest_mariadb import PASSWORD, is_installed, run_server
from tests.python.tills import unicenta, unicenta_changes, world
from tests.python.tills.tables import Till

WEEKS = 2
needs_mariadb = pytest.mark.skipif(
    not is_installed() and not os.environ.get("CI"),
    reason="Debian's mariadb-server-core is not installed; in CI it must be.",
)


@pytest.fixture(scope="module")
def mariadb_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with run_server(tmp_path_factory.mktemp("tills")) as server:
        yield server.port
