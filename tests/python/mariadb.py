"""A MariaDB server of the tests' own, from Debian's packages, on a free port of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PASSWORD = "p@ss/word: 100%? 'quo\"ted' #&=+"  # noqa: S105 - of a server that lives for one test


@dataclass(frozen=True)
class MariaDb:
    """A running server with an empty database `till`."""

    port: int

    @property
    def url(self) -> sa.URL:
        """The address of the till's database."""
        return sa.URL.create(
            "mysql+pymysql", "reader", PASSWORD, "127.0.0.1", self.port, "till",
            query={"charset": "utf8mb4"},
        )  # fmt: skip

    def execute(self, *statements: str) -> None:
        """Run some statements in a session that speaks UTC."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in ("set time_zone = '+00:00'", *statements):
                connection.exec_driver_sql(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        with sa.create_engine(self.url, poolclass=sa.NullPool).connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]


def is_installed() -> bool:
    """Say whether Debian's mariadb-server-core is there."""
    return _program("mariadbd") is not None


@contextmanager
def server(folder: Path) -> Iterator[MariaDb]:
    """Run a server out of a folder until the block ends."""
    user = None
    if os.geteuid() == 0:
        user = "mysql" if _has_user("mysql") else "nobody"  # MariaDB refuses to be root, too
        for parent in [folder, *folder.parents][:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "mariadb"
    data.mkdir()
    if user:
        shutil.chown(data, user)
    subprocess.run(
        [
            str(_program("mariadb-install-db")), "--no-defaults", f"--datadir={data}",
            "--auth-root-authentication-method=normal", "--skip-test-db",
        ],
        check=True, capture_output=True, user=user,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [
            str(_program("mariadbd")), "--no-defaults", f"--datadir={data}", f"--port={port}",
            "--bind-address=127.0.0.1", f"--socket={data}/socket",
            "--default-time-zone=-05:00",  # a till's server need not keep UTC
        ],
        stderr=subprocess.DEVNULL, user=user,
    )  # fmt: skip
    try:
        _create_till(data / "socket")
        yield MariaDb(port)
    finally:
        process.terminate()
        process.wait()


def _create_till(socket_file: Path) -> None:
    url = sa.URL.create("mysql+pymysql", "root", query={"unix_socket": str(socket_file)})
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    deadline = time.monotonic() + 30
    while True:
        try:
            connection = engine.connect()
            break
        except sa.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    with connection:
        connection.exec_driver_sql("create database till character set utf8mb4")
        connection.exec_driver_sql("create user reader@'127.0.0.1' identified by %s", (PASSWORD,))
        connection.exec_driver_sql("grant all on till.* to reader@'127.0.0.1'")


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
