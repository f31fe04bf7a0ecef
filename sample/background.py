"""The sample's web APIs as a process of their own, which outlives the command that started it.

It holds a lock for as long as it lives, so whether it runs is never a guess about a number; its
port, keys and number are in a file beside the lock, which the next start takes them from.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import fasteners

from ingest import warehouse as warehouse_module
from ingest.warehouse import WarehouseError
from sample.web import Server, access

SECONDS = 15
"""How long a start or a stop may take."""


@dataclass(frozen=True)
class Running:
    """The process and what opens its APIs."""

    pid: int
    port: int
    api_key: str
    client_secret: str

    def access(self, source: str) -> dict[str, str]:
        """Return an API's address and what opens it, by the names of the configuration.

        Args:
            source: "social" or "tickets".
        """
        server = f"http://127.0.0.1:{self.port}"
        url, opened_by = access(source, server, self.api_key, self.client_secret)
        return {"url": url, **opened_by}


def _folder() -> Path:
    return warehouse_module.warehouse_dir() / "sample"


def _file() -> Path:
    return _folder() / "web.json"


def _lock() -> fasteners.InterProcessLock:
    return fasteners.InterProcessLock(str(_folder() / "web.lock"))


def _recorded() -> Running | None:
    return Running(**json.loads(_file().read_text())) if _file().exists() else None


def running() -> Running | None:
    """Return the process that runs, or None."""
    if not (_folder() / "web.lock").exists():
        return None
    lock = _lock()
    if lock.acquire(blocking=False):
        lock.release()
        return None
    return _recorded()


def start() -> Running:
    """Start the process, unless it runs.

    Raises:
        WarehouseError: it does not start; the message names its log.
    """
    if found := running():
        return found
    log = _folder() / "web.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sample.background"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=warehouse_module.PROJECT_DIR,
            env=os.environ | {"MYPIZZA_WAREHOUSE_DIR": str(warehouse_module.warehouse_dir())},
            start_new_session=True,
        )
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        found = running()
        if found and found.pid == process.pid:
            return found
        time.sleep(0.02)
    raise WarehouseError(f"The sample's web APIs do not start; their log is {log}.")


def stop() -> bool:
    """Stop the process, and say whether it was running."""
    found = running()
    if found is None:
        return False
    os.kill(found.pid, signal.SIGTERM)
    if not _lock().acquire(timeout=SECONDS):
        raise WarehouseError(f"The sample's web APIs do not end: process {found.pid}.")
    return True


def _serve() -> None:
    """Answer until SIGTERM, or until the warehouse's folder is gone."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    before = _recorded()
    with _lock():
        try:
            server = _server(before, before.port if before else 0)
        except OSError:  # another program has taken the port
            server = _server(before, 0)
        with server:
            state = Running(os.getpid(), server.port, server.api_key, server.client_secret)
            beside = _file().with_suffix(".new")
            beside.touch(mode=0o600)
            beside.write_text(json.dumps(asdict(state)))
            beside.replace(_file())
            while not ended.wait(1) and _file().exists():
                pass


def _server(before: Running | None, port: int) -> Server:
    """Return a server with the keys of the one before, where there was one."""
    if before is None:
        return Server(port=port)
    return Server(port=port, api_key=before.api_key, client_secret=before.client_secret)


if __name__ == "__main__":
    _serve()
