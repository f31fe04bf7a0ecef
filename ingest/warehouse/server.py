"""The embedded Postgres: it is made, started and stopped here."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import fasteners
from psycopg import sql

from ingest.warehouse import rights
from ingest.warehouse.connection import Warehouse
from ingest.warehouse.environment import isolate
from ingest.warehouse.errors import WarehouseError
from ingest.warehouse.programs import (
    data_dir,
    let_others_pass,
    run_program,
    serves_our_data,
    system_user,
)
from ingest.warehouse.settings import BIN_DIR, LOGIN, warehouse_dir

# Sized for a laptop or a CI machine with 2 cores; a crash still loses nothing (fsync stays on).
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    # the query of a client that was killed ends, too
    "client_connection_check_interval": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

PORT_ATTEMPTS = 5
PORTS = range(15432, 32768)
"""Of the embedded server: below those that systems give to outgoing connections, so that one which
a BI tool remembers is still free when the server starts again."""


@dataclass
class _Login:
    """What a client needs to know about the embedded server; its file is private."""

    port: int
    password: str
    admin_password: str


def start() -> Warehouse:
    """Start the embedded server if it does not run, creating it the first time.

    Returns:
        The embedded warehouse, accepting connections.

    Raises:
        WarehouseError: the server does not start; the message names its log.
    """
    isolate(embedded=True)
    warehouse_dir().mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(str(warehouse_dir() / "lock")):
        if not (data_dir() / "PG_VERSION").exists():
            _initialise()
        if not is_running():
            # Left by a server that was killed; Postgres would take the process that has its
            # number now for the server.
            (data_dir() / "postmaster.pid").unlink(missing_ok=True)
            _start_server()
        _ensure_role_and_database()
        return embedded()


def stop() -> bool:
    """Stop the embedded server.

    Returns:
        Whether it was running.

    Raises:
        WarehouseError: the server does not stop; the message says why.
    """
    if not is_running():
        return False
    with fasteners.InterProcessLock(str(warehouse_dir() / "lock")):
        if not is_running():  # another process has stopped it
            return False
        run_program("pg_ctl", "-w", "-D", str(data_dir()), "-m", "fast", "stop")
    return True


def is_running() -> bool:
    """Say whether the embedded server runs: the process in its file is Postgres on our data."""
    try:
        pid = int((data_dir() / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return False
    return serves_our_data(pid)


def _connection_file() -> Path:
    return warehouse_dir() / "connection.json"


def read_connection() -> _Login:
    """Return port and passwords of the embedded server."""
    return _Login(**json.loads(_connection_file().read_text()))


def _write_connection(connection: _Login) -> None:
    # Written aside and renamed: a kill in between leaves the old file.
    new = _connection_file().with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(asdict(connection)))
    new.replace(_connection_file())


def embedded() -> Warehouse:
    """Return the embedded warehouse, which need not run."""
    connection = read_connection()
    return Warehouse(
        host="127.0.0.1",
        port=connection.port,
        database=LOGIN,
        user=LOGIN,
        password=connection.password,
        sslmode="disable",
        embedded=True,
    )


def is_embedded_one(warehouse: Warehouse) -> bool:
    """Say whether a warehouse that libpq's variables name is the embedded one."""
    return _connection_file().exists() and replace(warehouse, embedded=True) == embedded()


def embedded_administrator() -> Warehouse:
    """Return the embedded warehouse with the login that administers it."""
    return replace(embedded(), user="postgres", password=read_connection().admin_password)


def _initialise() -> None:
    # Made aside and renamed: a kill in between leaves nothing that looks like a server.
    data = warehouse_dir() / "data.new"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    connection = _Login(_free_port(), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    _write_connection(connection)
    password_file = warehouse_dir() / "initdb-password"
    password_file.touch(mode=0o600)
    password_file.write_text(connection.admin_password)
    if user := system_user():
        shutil.chown(data, user)
        shutil.chown(password_file, user)
        let_others_pass(data / "PG_VERSION")
        let_others_pass(BIN_DIR / "postgres")
    try:
        run_program(
            "initdb", "-D", str(data), "-U", "postgres", "--encoding=UTF8",
            "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256",
            f"--pwfile={password_file}", folder=data,
        )  # fmt: skip
        data.rename(data_dir())
    finally:
        password_file.unlink()


def _start_server() -> None:
    connection = read_connection()
    if system_user():
        let_others_pass(data_dir() / "PG_VERSION")  # the folder may have been moved or copied
    if not _is_free(connection.port):
        _take_another_port(connection)
    log = data_dir() / "server.log"
    for _ in range(PORT_ATTEMPTS):
        settings = SETTINGS | {"port": str(connection.port)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        try:
            run_program(
                "pg_ctl", "-w", "-t", "60", "-D", str(data_dir()), "-l", str(log),
                "-o", options, "start",
            )  # fmt: skip
            return
        except WarehouseError:
            tail = "\n".join(log.read_text().splitlines()[-5:]) if log.exists() else ""
        if "Address already in use" not in tail:
            break
        _take_another_port(connection)  # it was free a moment ago
    raise WarehouseError(f"The embedded Postgres does not start; the end of its log:\n{tail}")


def _take_another_port(connection: _Login) -> None:
    taken, connection.port = connection.port, _free_port()
    _write_connection(connection)
    print(
        f"Another program uses port {taken}, so the warehouse now has port {connection.port}: "
        f"change it in the saved connections of your tools.",
        file=sys.stderr,
    )


def _ensure_role_and_database() -> None:
    """Make the pipeline's login, which is no superuser, its database, and the roles there."""
    admin = embedded_administrator()
    with admin.connect("postgres") as admin_connection:
        # The password is a long random one, which many rounds make no safer, and dbt logs in for
        # every node.
        admin_connection.execute("set scram_iterations = 1")
        rights.ensure_login(admin_connection, LOGIN, lambda: read_connection().password)
        # of the login alone, not of its roles: it makes the sample company's tills
        admin_connection.execute(sql.SQL("alter role {} createdb").format(sql.Identifier(LOGIN)))
        database = admin_connection.execute(
            "select 1 from pg_database where datname = 'mypizza'"
        ).fetchone()
        if database is None:
            admin_connection.execute("create database mypizza")
        # A reader's login has no business in the databases that every server has.
        admin_connection.execute("revoke connect on database postgres, template1 from public")
    with admin.connect() as admin_connection:
        is_prepared = rights.prepared_with(admin_connection) == rights.preparation()
    if not is_prepared:
        rights.init_warehouse(admin)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    while not _is_free(port := secrets.choice(PORTS)):
        pass
    return port
