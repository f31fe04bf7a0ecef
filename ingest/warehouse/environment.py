"""The caller's environment: what is in it by chance must not change what happens."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ingest.warehouse.errors import WarehouseError
from ingest.warehouse.settings import PROJECT_DIR

OURS = {"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSSLMODE"}
"""libpq's variables that name the warehouse."""

SESSION = {"PGCLIENTENCODING", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGAPPNAME"}
"""libpq's variables that change how a session answers: our code expects the server's defaults."""

REDIRECTING = {"PGSERVICE": "PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD",
               "PGHOSTADDR": "PGHOST",
               "PGOPTIONS": "`alter role ... set ...` on the server"}  # fmt: skip
"""What a server of your own must not be named or changed by, and what does the same."""

DBT_BY_CHANCE = {"DBT_PROFILE", "DBT_DEFER", "DBT_STATE", "DBT_FAVOR_STATE", "DBT_EMPTY"}
"""dbt's variables that make it build something else, or from somewhere else."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def isolate(embedded: bool) -> None:
    """Take out of the environment what would change what we and our child processes do.

    Args:
        embedded: whether the warehouse is the embedded server. A server of your own keeps libpq's
            variables on certificates and password files, which all drivers read in the same way.

    Raises:
        WarehouseError: a variable that cannot be honoured by all drivers, with its name.
    """
    if not embedded:
        for name, instead in REDIRECTING.items():
            if os.environ.get(name):
                raise WarehouseError(
                    f"{name} is set, which not every part of myPizza reads: unset it, and use "
                    f"{instead} instead."
                )
    for name in list(os.environ):
        is_libpq = embedded and re.fullmatch(r"PG[A-Z]+", name) and name != "PGPASSFILE"
        if name in SESSION | DBT_BY_CHANCE or (is_libpq and name not in OURS):
            del os.environ[name]
    # psycopg2 and psql take the encoding from the locale where nothing else is said.
    os.environ["PGCLIENTENCODING"] = "UTF8"
    _pass_by_proxies()
    _choose_profiles()


def _pass_by_proxies() -> None:
    """Reach this machine's own addresses directly, whatever proxy the company has."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = os.environ.get(name, os.environ.get(name.swapcase(), ""))
        entries = [host.strip() for host in hosts.split(",") if host.strip()]
        if "*" not in entries:
            entries += [host for host in LOOPBACK if host not in entries]
        os.environ[name] = ",".join(entries)


def _choose_profiles() -> None:
    """Let dbt read the project's own profile unless the caller's folder has one for myPizza."""
    folder = os.environ.get("DBT_PROFILES_DIR")
    profiles = Path(folder, "profiles.yml") if folder else None
    if (
        profiles is None
        or not profiles.is_file()
        or not re.search(r"^mypizza:", profiles.read_text(encoding="utf-8"), re.MULTILINE)
    ):
        os.environ["DBT_PROFILES_DIR"] = str(PROJECT_DIR)
        profiles = PROJECT_DIR / "profiles.yml"
    if not profiles.exists():
        profiles = PROJECT_DIR / "profiles.yml.example"
    target = os.environ.get("DBT_TARGET")
    text = profiles.read_text(encoding="utf-8") if profiles.exists() else ""
    known = re.findall(r"^ {4}(\w+):", text, re.MULTILINE)
    if target and known and target not in known:
        raise WarehouseError(
            f"DBT_TARGET is {target!r}, which {profiles} does not have: unset it, or choose one of "
            f"{', '.join(known)}."
        )
