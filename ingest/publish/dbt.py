"""Runs dbt in this process: importing it a second time would cost seconds."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ingest.warehouse import PROJECT_DIR

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult


def run_dbt(*arguments: str) -> dbtRunnerResult:
    """Run a dbt command on the project; the warehouse is the one in libpq's environment.

    Args:
        arguments: dbt's own, as on its command line.

    Returns:
        dbt's result: `success`, and what each node came to.

    Raises:
        KeyboardInterrupt: Ctrl+C has ended it.
    """
    profiles = PROJECT_DIR / "profiles.yml"
    if not profiles.exists():
        shutil.copy(PROJECT_DIR / "profiles.yml.example", profiles)
    os.environ["DBT_PROJECT_DIR"] = str(PROJECT_DIR)
    os.environ.setdefault("DBT_PROFILES_DIR", str(PROJECT_DIR))
    os.environ["MYPIZZA_TILL_EXPORTS"] = " ".join(till_exports())
    # For the start-up time of other commands: dbt takes two seconds.
    from dbt.cli.main import dbtRunner

    with _ending_by_ctrl_c():
        return dbtRunner().invoke([*_colours(arguments), *arguments])


@contextmanager
def _ending_by_ctrl_c() -> Iterator[None]:
    """Let Ctrl+C end dbt as it ends anything else: dbt would report a failure and a traceback."""
    # for the start-up time, as above
    from dbt_common.events.event_manager_client import get_event_manager

    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        get_event_manager().loggers.clear()
        # dbt cancels its queries then
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if received:
        raise KeyboardInterrupt


def _colours(arguments: Sequence[str]) -> list[str]:
    """Return dbt's option for no colours, where nobody could see them or has asked for none."""
    is_said = any(argument.endswith("use-colors") for argument in arguments)
    if is_said or "DBT_USE_COLORS" in os.environ:
        return []
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return [] if wanted else ["--no-use-colors", "--no-use-colors-file"]


def site_folder() -> Path:
    """Return the folder of the pages that people open: `site` in dbt's target folder."""
    target = Path(os.environ.get("DBT_TARGET_PATH") or PROJECT_DIR / "target")
    folder = target.resolve() / "site"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def till_exports() -> list[str]:
    """Return the feeds that are a till's export, by name: those with totals to be held against.

    The models take the list from the environment, so that a new export is declared once.
    """
    with (PROJECT_DIR / ".dlt" / "config.toml").open("rb") as file:
        feeds = tomllib.load(file).get("sources", {}).get("files", {}).get("feeds", {})
    return sorted(name for name, feed in feeds.items() if "totals" in feed)
