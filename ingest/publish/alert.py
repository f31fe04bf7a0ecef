"""Tell people what is wrong: one JSON message to `MYPIZZA_ALERT_URL`, as Slack reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import requests
import typer

from ingest.warehouse import trouble

ADDRESS = "MYPIZZA_ALERT_URL"
SECONDS = 10


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


def post(command: str, problems: Sequence[str]) -> None:
    """Post one message, where an address is set; a failure to do so hides nothing else.

    Args:
        command: what failed.
        problems: one sentence each.
    """
    send("\n".join([f"{command} failed on {os.uname().nodename}.", *problems]))


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
