"""Tell people that a run failed: one JSON message to `MYPIZZA_ALERT_URL`, as Slack reads it."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from ingest.warehouse import trouble

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


def post(command: str, problems: Sequence[str]) -> bool:
    """Post one message, where an address is set; a failure to do so hides nothing else.

    Args:
        command: what failed.
        problems: one sentence each.

    Returns:
        Whether the message was taken.
    """
    url = os.environ.get("MYPIZZA_ALERT_URL")
    if not url:
        return False
    # The address holds its own secret: it is never printed.
    if not url.startswith(("https://", "http://")):
        print("MYPIZZA_ALERT_URL is not an http address, so no alert was sent.", file=sys.stderr)
        return False
    text = "\n".join([f"{command} failed on {os.uname().nodename}.", *problems])
    request = urllib.request.Request(  # noqa: S310 - http or https, as checked above
        url, json.dumps({"text": text}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310 - as above
            return True
    except (OSError, ValueError) as error:
        print(f"The alert could not be posted ({type(error).__name__}).", file=sys.stderr)
        return False
