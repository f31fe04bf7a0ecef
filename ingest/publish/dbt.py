"""Runs dbt in this process: importing it a second time would cost seconds.

What is configured reaches dbt as data: `vars.systems` in dbt_project.yml lists the systems in use
and the tills' exports. The models read it themselves, so plain dbt builds the same as `mypizza`.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ingest.warehouse import PROJECT_DIR, WarehouseError

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
        WarehouseError: what is configured to be loaded is not what dbt is told of.
    """
    write_profile()
    check_systems()
    os.environ["DBT_PROJECT_DIR"] = str(PROJECT_DIR)
    os.environ.setdefault("DBT_PROFILES_DIR", str(PROJECT_DIR))
    # For the start-up time of other commands: dbt takes two seconds.
    from dbt.cli.main import dbtRunner

    # dbt keeps all that it knows: looking through that for garbage is a sixth of a build's time
    gc.set_threshold(20_000, 50, 1_000_000)
    with _ending_by_ctrl_c(), _keeping_connections():
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


@contextmanager
def _keeping_connections() -> Iterator[None]:
    """Let a node use the connection of one that has ended: dbt opens a new one for each.

    Beginning sessions is a fifth of what the server does in a small build. What the session before
    has set or made for itself goes; a connection that is lost is not used again.
    """
    # for the start-up time, as above
    import psycopg2
    from dbt.adapters.contracts.connection import Connection, ConnectionState
    from dbt.adapters.postgres import PostgresAdapter, PostgresConnectionManager

    idle: list[psycopg2.extensions.connection] = []

    class Keeping(PostgresConnectionManager):  # type: ignore[misc] # dbt-postgres has no types
        @classmethod
        def open(cls, connection: Connection) -> Connection:
            while connection.state != ConnectionState.OPEN and idle:
                handle = idle.pop()
                with suppress(psycopg2.Error):
                    handle.rollback()
                    handle.autocommit = True
                    with handle.cursor() as cursor:
                        cursor.execute("discard all")
                    handle.autocommit = False
                    connection.handle, connection.state = handle, ConnectionState.OPEN
            return super().open(connection)

        @classmethod
        def _close_handle(cls, connection: Connection) -> None:
            if connection.handle is not None:  # one that could not be opened has none
                idle.append(connection.handle)

    PostgresAdapter.ConnectionManager = Keeping
    try:
        yield
    finally:
        PostgresAdapter.ConnectionManager = PostgresConnectionManager
        for handle in idle:
            handle.close()


def _colours(arguments: Sequence[str]) -> list[str]:
    """Return dbt's option for no colours, where nobody could see them or has asked for none."""
    is_said = any(argument.endswith("use-colors") for argument in arguments)
    if is_said or "DBT_USE_COLORS" in os.environ:
        return []
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return [] if wanted else ["--no-use-colors", "--no-use-colors-file"]


def target_folder() -> Path:
    """Return dbt's target folder, as a whole path."""
    return Path(os.environ.get("DBT_TARGET_PATH") or PROJECT_DIR / "target").resolve()


def site_folder() -> Path:
    """Return the folder of the pages that people open: `site` in dbt's target folder."""
    folder = target_folder() / "site"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check_systems() -> None:
    """Refuse a configuration that loads something of which dbt is not told, or the reverse.

    Raises:
        WarehouseError: what is configured and `vars.systems` in dbt_project.yml do not agree.
    """
    # for the start-up time of what needs no dbt: this brings dlt
    from ingest.loads.configuration import CONFIG_FILE, section, systems

    listed, configured = systems(), section("sources")
    for name in sorted(configured.keys() - listed.keys() - {"tills"}):  # each says its system
        raise WarehouseError(
            f"The system {name} is configured in {CONFIG_FILE} ([sources.{name}]), and "
            "vars.systems in dbt_project.yml lacks it: add it there, or take it out here."
        )
    exports = listed.get("exports", {}).get("feeds", ())
    for name, feed in configured.get("files", {}).get("feeds", {}).items():
        if "totals" in feed and name not in exports:
            raise WarehouseError(
                f"The feed {name} in {CONFIG_FILE} is a till's export, because it has totals, and "
                "dbt_project.yml does not list it: add it to vars.systems.exports.feeds."
            )


def write_profile() -> None:
    """Write profiles.yml from profiles.yml.example, unless the user has one of his own.

    Of the embedded server, port and password stand in it, so that plain dbt and an IDE find the
    server without any variable; a server named in `PGHOST` is asked with libpq's variables alone.
    """
    profile = PROJECT_DIR / "profiles.yml"
    example = (PROJECT_DIR / "profiles.yml.example").read_text("utf-8")
    first_line = example.partition("\n")[0]
    if profile.exists() and not profile.read_text("utf-8").startswith(first_line):
        return
    if not os.environ.get("MYPIZZA_EMBEDDED"):
        if not profile.exists():
            _write_private(profile, example)
        return

    def default(match: re.Match[str]) -> str:
        name, without_server = match.groups()
        value = os.environ.get(name, "")
        return f"env_var('{name}', '{without_server}' if env_var('PGHOST', '') else '{value}')"

    text = re.sub(r"env_var\('(PG\w+)', '([^']*)'\)", default, example)
    if not profile.exists() or profile.read_text("utf-8") != text:
        _write_private(profile, text)


def _write_private(file: Path, text: str) -> None:
    """Put a file that only its owner may read in place, whole."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.touch(mode=0o600)
    new.write_text(text, "utf-8")
    new.replace(file)
