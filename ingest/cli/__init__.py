"""The command `mypizza`: every step of the pipeline, for people and for schedulers.

Each command is idempotent, says in one sentence what is wrong, and answers with its exit code:
0 when all is well, 1 when something needs a person, 130 after Ctrl+C.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""The exit code after Ctrl+C, as shells use it."""

STOPPED = "Stopped by Ctrl+C. Complete work is kept; the next run does the rest."


def main() -> None:
    """Run the command line."""
    silence_libraries()
    try:
        # not where a shell has told the command to ignore it
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt)
        with ending_at_once():
            # imported here, so that Ctrl+C during it is answered in one sentence, too
            from ingest.cli.app import run
        run()
        end_if_interrupted()
    except KeyboardInterrupt:
        stopped()
    except Exception:
        # an import, or a library's own code, turns Ctrl+C into an error of another kind
        if not _received.is_set():
            raise
        stopped()
    finally:
        # all is said: what is left is Python's own end
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def silence_libraries() -> None:
    """Keep what libraries log and warn of from the user: what goes wrong is said by us, once."""
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let Ctrl+C end the process where nothing has begun: an import may lose the exception."""
    before = signal.signal(signal.SIGINT, lambda *_: _end())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    """Raise what Ctrl+C raises, and note it: an import or the search for garbage may lose it."""
    del number
    _received.set()
    raise KeyboardInterrupt


def end_if_interrupted() -> None:
    """End the command after a step in which Ctrl+C came and was lost."""
    if _received.is_set():
        raise KeyboardInterrupt


def _end() -> None:
    os.write(2, STOPPED.encode() + b"\n")
    os._exit(INTERRUPTED)


def stopped() -> None:
    """Say that Ctrl+C has ended the command, and end the process."""
    print(STOPPED, file=sys.stderr)
    _has_stopped.set()
    sys.exit(INTERRUPTED)


def _keep_exit_code() -> None:
    """Keep Python from ending by the signal: it does so where Ctrl+C has met `exec`."""
    if _has_stopped.is_set():
        os._exit(INTERRUPTED)


_received = threading.Event()
_has_stopped = threading.Event()
# the first to be registered is the last to be called
atexit.register(_keep_exit_code)
