"""The command that follows the sources, and publishes every so often."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Annotated

import psycopg
import typer

from ingest import warehouse as warehouse_module
from ingest.cli.console import say
from ingest.cli.loading import NOTHING_CONFIGURED, sources_of
from ingest.publish import alert, incidents, recent
from ingest.warehouse import Warehouse, WarehouseError, first_line

app = typer.Typer()

PATIENCE = 600
"""How long a publication waits for another command, in seconds."""


@app.command()
def follow(
    publish_every: Annotated[
        float, typer.Option(min=0, metavar="MINUTES", help="How often to publish; 0 for never.")
    ] = 1,
    docs: Annotated[bool, typer.Option(help="Write report and docs after a publication.")] = True,
) -> None:
    """Read streams, documents and tills again and again, and publish every so often.

    What has landed since the publication is in the schema live. Ctrl+C or SIGTERM ends it.
    """
    # for the start-up time of the other commands: dlt takes a second
    from ingest.loads.configuration import systems
    from ingest.loads.follow import Follower, intervals

    in_use = systems()
    everything = [source for source in sources_of(None, None) if source.name in in_use]
    seconds = intervals(everything)
    sources = [source for source in everything if source.name in seconds]
    warehouse = warehouse_module.resolve()
    if not sources:
        raise WarehouseError(NOTHING_CONFIGURED)
    told = ", ".join(f"{name} every {interval:g} s" for name, interval in seconds.items())
    publishing = f"every {publish_every:g} minutes" if publish_every else "never"
    _tell(f"Following {told}; publishing {publishing}.")
    alarm = alert.Alarm("mypizza run")

    def publish() -> str | None:
        problem = _publish(docs)
        alarm.hear(problem)
        return problem

    follower = Follower(
        warehouse, sources, seconds, _tell, publish, 60 * publish_every, lambda: _watch(warehouse)
    )

    def end(number: int, _frame: FrameType | None) -> None:
        """End the command as Ctrl+C does; a second signal changes nothing."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        del number
        # what is raised while garbage is collected is lost, so it is noted, too
        follower.stop()
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    follower.run()
    with suppress(WarehouseError, psycopg.Error):  # it may be what has ended it
        recent.forget(warehouse)
    _tell("Ended.")


def _watch(warehouse: Warehouse) -> None:
    """Do what is done with all that has landed."""
    recent.take_apart(warehouse)
    incidents.tell(warehouse)


def _tell(sentence: str) -> None:
    """Say a sentence with its time."""
    say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {sentence}")
    sys.stdout.flush()


def _publish(docs: bool) -> str | None:
    """Build and publish in a process of its own, whose memory goes with it.

    Returns:
        Why it was not published, or what else needs a person.
    """
    command = [sys.executable, "-m", "ingest.cli", "run", "--no-load", "--json"]
    command += ["--docs" if docs else "--no-docs", "--wait", str(PATIENCE)]
    building = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # who is told of a failure is told by us: not at each attempt
        env={name: value for name, value in os.environ.items() if name != alert.ADDRESS},
    )  # fmt: skip
    try:
        answer, said = building.communicate()
    except KeyboardInterrupt:
        building.send_signal(signal.SIGINT)  # dbt cancels its queries
        building.communicate()
        raise
    try:
        done = json.loads(answer)
    except ValueError:
        lines = [line for line in said.splitlines() if line.strip()]
        return f"Not published: {lines[-1] if lines else first_line('')}"
    if done["is_built"] and not done["problems"]:
        took = done["seconds"]["Build, test and publish"]
        _tell(f"Published {done['publications'][0]['marts']} marts, built in {took:.0f} s.")
    return " ".join(done["problems"]) or None
