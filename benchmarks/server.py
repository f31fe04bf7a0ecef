"""What all parts share: throw-away embedded servers, child processes, and what a part answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ingest.warehouse import BIN_DIR, PROJECT_DIR

RESOLVE = """
import json
from ingest import warehouse
print(json.dumps(warehouse.resolve().environment))
"""


@dataclass(frozen=True)
class Ratio:
    """Two measurements of one run, and how far apart they may be.

    Attributes:
        part: "a" to "l".
        what: what is measured, against what.
        value: the measured ratio, or the amount where a limit is absolute.
        limit: the highest value that is good enough.
        unit: "x" for a ratio, "%" for a share, "MB" for memory, "s".
        basis: what the value was computed from, in words.
    """

    part: str
    what: str
    value: float
    limit: float
    unit: str
    basis: str

    @property
    def is_met(self) -> bool:
        """Say whether the limit is kept."""
        return self.value <= self.limit


@dataclass
class Grid:
    """A table of the report.

    Attributes:
        title: what it shows.
        columns: the names of its columns.
        rows: its cells, as text.
        note: how it was measured, in words.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


@dataclass(frozen=True)
class Part:
    """What a part of the benchmark found."""

    ratios: list[Ratio]
    grids: list[Grid]


class Server:
    """An embedded server in a folder of its own, which goes with the folder."""

    def __init__(self, folder: Path) -> None:
        """Start the server.

        Args:
            folder: its home; made if missing, and open for the server's own user.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        # No PGHOST: this is never the user's own warehouse.
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "DBT_", "MYPIZZA_"))
        }
        self.environment = clean | {
            "MYPIZZA_WAREHOUSE_DIR": str(folder),
            # the addresses of this server's sample company are not the user's own
            "MYPIZZA_CONFIG_DIR": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_PROFILES_DIR": str(folder),
        }
        (folder / "profiles.yml").write_text((PROJECT_DIR / "profiles.yml.example").read_text())
        (folder / ".dlt").mkdir(exist_ok=True)
        shutil.copy(PROJECT_DIR / ".dlt" / "config.toml", folder / ".dlt")
        self.folder = folder
        libpq: dict[str, str] = json.loads(self.python("-c", RESOLVE))
        self.environment |= libpq | {"MYPIZZA_EMBEDDED": "1"}

    def stop(self) -> None:
        """Stop the server, and the sample company where it runs."""
        self.sample("stop")
        self.mypizza("down")

    def python(self, *arguments: str, check: bool = True) -> str:
        """Run this Python with arguments on the server, and return what it prints."""
        return self._run(sys.executable, *arguments, check=check)

    def mypizza(self, *arguments: str) -> str:
        """Run a command of mypizza on the server, and return what it prints."""
        return self._run(str(Path(sys.executable).with_name("mypizza")), *arguments)

    def sample(self, *arguments: str) -> str:
        """Run a command of mypizza-sample on the server, and return what it prints."""
        return self._run(str(Path(sys.executable).with_name("mypizza-sample")), *arguments)

    def dbt(self, *arguments: str) -> str:
        """Run dbt on the server as `mypizza` does, and return what it prints."""
        return self.mypizza("dbt", *arguments)

    def psql(self, *arguments: str, database: str = "mypizza", script: str | None = None) -> str:
        """Run psql on one of the server's databases, and return what it prints."""
        return self._run(*psql_command(), "-d", database, *arguments, script=script)

    def _run(self, *command: str, check: bool = True, script: str | None = None) -> str:
        done = subprocess.run(
            command, env=self.environment, cwd=PROJECT_DIR, text=True, input=script,
            capture_output=True, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)[:300]}\n{done.stdout[-3000:]}\n{done.stderr}")
        return done.stdout


def psql_command() -> list[str]:
    """Return the start of any call of psql: no settings of the user, and stop at an error."""
    return [str(BIN_DIR / "psql"), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"]


def spread(values: list[float]) -> str:
    """Show measurements of one thing: the best and the median, in seconds."""
    return f"{min(values):.2f} / {median(values):.2f}"


class _WithoutPandas:
    """Refuses to import pandas."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse an import of pandas, and leave all others to the finders that follow."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def hide_pandas() -> None:
    """Measure as outside of development: pyarrow imports pandas where it is installed."""
    sys.meta_path.insert(0, _WithoutPandas())
