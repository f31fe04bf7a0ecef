"""Tell people what is wrong: one JSON message to `MYPIZZA_ALERT_URL`, as Slack reads it."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
import typer

from ingest.warehouse import trouble

ADDRESS = "MYPIZZA_ALERT_URL"
SECONDS = 10
DAY = 24 * 60 * 60.0
HERE = os.uname().nodename


@contextmanager
def on_failure(command: str) -> Iterator[list[str]]:
    """Post an error to the webhook and raise it again.

    Args:
        command: what runs, as people know it.

    Yields:
        A list for the sentences on problems that end the command by its exit code.
    """
    problems: list[str] = []
    try:
        yield problems
    except typer.Exit as end:
        if end.exit_code:
            post(command, problems)
        raise
    except Exception as error:
        post(command, [*problems, trouble(error) or str(error) or type(error).__name__])
        raise


@dataclass
class Alarm:
    """A failure that comes again and again is told when it begins, once a day, and when it is over.

    Attributes:
        command: what runs, as people know it.
    """

    command: str
    _told: dict[str, float] = field(default_factory=dict)

    def hear(self, problem: str | None) -> None:
        """Note how it went.

        Args:
            problem: what is wrong, if anything is; with other figures in it it is the same.
        """
        if problem:
            what, now = re.sub(r"\d[\d,.:-]*", "", problem), time.monotonic()
            if now >= self._told.get(what, now) and post(self.command, [problem]):
                self._told[what] = now + DAY
        elif self._told and send(f"{self.command} is well again on {HERE}."):
            self._told.clear()


def post(command: str, problems: Sequence[str]) -> bool:
    """Post one message, where an address is set; a failure to do so hides nothing else.

    Args:
        command: what failed.
        problems: one sentence each.

    Returns:
        Whether it was taken.
    """
    return send("\n".join([f"{command} failed on {HERE}.", *problems]))


def send(text: str) -> bool:
    """Send a text to the webhook.

    Args:
        text: what people read.

    Returns:
        Whether it was taken: not so, where no address is set.
    """
    url = os.environ.get(ADDRESS)
    if not url:
        return False
    try:
        requests.post(url, json={"text": text}, timeout=SECONDS).raise_for_status()
    except requests.RequestException as error:
        # the address is a secret, and the error repeats it
        print(
            f"The alert could not be posted ({type(error).__name__}): check MYPIZZA_ALERT_URL.",
            file=sys.stderr,
        )
        return False
    return True
