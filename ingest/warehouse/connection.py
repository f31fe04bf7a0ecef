"""A warehouse that can be connected to, and the one that libpq's variables name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import psycopg

from ingest.warehouse.environment import isolate
from ingest.warehouse.errors import WarehouseError, first_line


@dataclass(frozen=True)
class Warehouse:
    """A Postgres server and database that can be connected to."""

    host: str
    port: int
    database: str
    user: str
    password: str
    sslmode: str = "prefer"
    embedded: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """The libpq variables for this warehouse."""
        variables = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGDATABASE": self.database,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGSSLMODE": self.sslmode,
        }
        return {name: value for name, value in variables.items() if value}

    def connect(
        self,
        database: str | None = None,
        name: str = "mypizza",
        role: str | None = None,
        **options: Any,
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """Open a connection that commits every statement.

        Args:
            database: another database of the same server; default the warehouse.
            name: `application_name`, at most 63 bytes, as shown in `pg_stat_activity`.
            role: the role to take on, whose rights alone count then; default all of the login's.
            options: further libpq parameters.

        Returns:
            An open connection in autocommit mode.

        Raises:
            WarehouseError: the server cannot be reached or refuses the login.
        """
        if role:
            options["options"] = f"{options.get('options', '')} -crole={role}".strip()
        try:
            return psycopg.connect(
                host=self.host,
                port=self.port,
                dbname=database or self.database,
                user=self.user,
                password=self.password or None,
                sslmode=self.sslmode,
                application_name=name,
                client_encoding="UTF8",
                connect_timeout=10,
                autocommit=True,
                **options,
            )
        except psycopg.OperationalError as error:
            raise WarehouseError(explain(error, self, database or self.database)) from None


def configured() -> Warehouse:
    """Return the warehouse that libpq's variables name, unchecked.

    Raises:
        WarehouseError: a variable that is no port, or that not every driver reads.
    """
    isolate(embedded=False)
    port = os.environ.get("PGPORT") or "5432"
    if not port.isdecimal():
        raise WarehouseError(f"PGPORT is {port!r}, which is not a port number.")
    user = os.environ.get("PGUSER") or os.environ.get("USER") or "postgres"
    return Warehouse(
        host=os.environ["PGHOST"],
        port=int(port),
        database=os.environ.get("PGDATABASE") or user,
        user=user,
        password=os.environ.get("PGPASSWORD", ""),
        sslmode=os.environ.get("PGSSLMODE") or "prefer",
    )


def is_embedded() -> bool:
    """Say whether the embedded server is the warehouse: nobody has named another in `PGHOST`."""
    return not os.environ.get("PGHOST") or bool(os.environ.get("MYPIZZA_EMBEDDED"))


def explain(error: psycopg.OperationalError, warehouse: Warehouse, database: str) -> str:
    """Turn libpq's error into one sentence that says what to do."""
    text = first_line(error)
    place = f"{warehouse.host}:{warehouse.port}"
    if "password authentication failed" in text or "no password supplied" in text:
        return (
            f"The warehouse at {place} refuses the password of user {warehouse.user!r}: check "
            "PGUSER and PGPASSWORD."
        )
    if "No space left on device" in text:
        return (
            f"The disk of the warehouse at {place} is full: free some space and run again. The "
            "published version stays."
        )
    if "permission denied for database" in text:
        return (
            f"The user {warehouse.user!r} may not connect to the database {database!r} "
            f"at {place}: check PGDATABASE, or let an administrator run `mypizza init-warehouse`."
        )
    if "does not exist" in text:
        reason = text.split("FATAL:")[-1].strip()
        return f"The warehouse at {place} answers: {reason}. Check PGDATABASE and PGUSER."
    return (
        f"The warehouse at {place} cannot be reached ({text}): check PGHOST and PGPORT and that "
        "the server runs, or unset PGHOST to use the embedded server."
    )
