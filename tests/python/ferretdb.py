"""A document store for the tests: FerretDB, which speaks MongoDB's protocol."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from ingest.sources.documents.text import CODEC
from tests.python.kafka import CACHE, free_port

BINARY = CACHE / "mypizza" / "documents" / "ferretdb-v1.24.2"
needs_ferretdb = pytest.mark.skipif(
    not BINARY.exists() and not os.environ.get("CI"),
    reason="FerretDB is missing: `make documents`; .ci/run gets it.",
)


class Ferret:
    """A server, which can be killed and comes back."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.folder.mkdir(parents=True)
        self.url = f"mongodb://127.0.0.1:{self.port}/"
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        listening = ["--listen", f"127.0.0.1:{self.port}", "--folder", f"file:{self.folder}/"]
        with (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen([BINARY, *listening], stdout=out, stderr=out)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.client: MongoClient[dict[str, Any]] = MongoClient(
                    self.url, serverSelectionTimeoutMS=500
                )
                self.client.admin.command("ping")
                return
            except PyMongoError:
                assert time.monotonic() < deadline, (self.folder / "out").read_text()[-2000:]

    def kill(self) -> None:
        """Take the server away, as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def documents(self, collection: str) -> Any:
        """Return a collection, in which a test may do as it likes."""
        return self.client["shop"].get_collection(collection, codec_options=CODEC)


@contextmanager
def run_ferretdb(folder: Path) -> Iterator[Ferret]:
    server = Ferret(folder / "ferretdb")
    try:
        yield server
    finally:
        server.kill()
