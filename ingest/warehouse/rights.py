"""Roles, logins and their rights: what an administrator prepares in a database."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import psycopg
from psycopg import sql

from ingest.warehouse.connection import Warehouse
from ingest.warehouse.errors import WarehouseError
from ingest.warehouse.settings import LOADER, LOGIN, MINIMUM_VERSION, PROJECT_DIR, read_sql


def check(warehouse: Warehouse) -> None:
    """Raise a `WarehouseError` unless the pipeline can work in this warehouse."""
    with warehouse.connect() as connection:
        version = connection.info.server_version // 10000
        if version < MINIMUM_VERSION:
            raise WarehouseError(
                f"The server at {warehouse.host}:{warehouse.port} is Postgres {version}; myPizza "
                f"needs {MINIMUM_VERSION} or newer. Upgrade it, or unset PGHOST to use the "
                "embedded server."
            )
        prepared = prepared_with(connection)
        if prepared != preparation():
            reason = (
                "was prepared for other branches or an older myPizza"
                if prepared
                else "is not prepared"
            )
            raise WarehouseError(
                f"The database {warehouse.database!r} {reason}: let an administrator run `mypizza "
                f"init-warehouse` once, with the administrator's PGUSER and PGPASSWORD."
            )
        for role in (LOADER, "transformer"):
            member = connection.execute("select pg_has_role(%s, 'usage')", [role]).fetchone()
            if member != (True,):
                raise WarehouseError(
                    f"The user {warehouse.user!r} is not a member of the role {role}: let an "
                    f"administrator run `mypizza init-warehouse --login {warehouse.user}` once."
                )


def init_warehouse(
    administrator: Warehouse, login: str = LOGIN, new_password: Callable[[], str] | None = None
) -> bool:
    """Make the roles, the pipeline's login and their rights in a database; safe to repeat.

    Args:
        administrator: the database, and a login that may create roles and owns the database.
        login: the pipeline's own login, which is made where it is missing.
        new_password: asked for the password of a login that has to be made.

    Returns:
        Whether the login was made.

    Raises:
        WarehouseError: the administrator may not do this, or a new login has no password.
    """
    try:
        with (
            administrator.connect(name="mypizza init-warehouse") as connection,
            connection.transaction(),
        ):
            is_new = ensure_login(connection, login, new_password)
            _run_script(connection, "init_warehouse", login=login, branches=",".join(_branch_ids()))
            connection.execute(
                sql.SQL("comment on schema audit is {}").format(sql.Literal(preparation()))
            )
    except psycopg.errors.InsufficientPrivilege as error:
        raise WarehouseError(
            f"The user {administrator.user!r} may not prepare the database "
            f"{administrator.database!r} ({error.diag.message_primary}): use the database's owner, "
            "with the right to create roles, or a superuser."
        ) from None
    return is_new


def keep_salt(warehouse: Warehouse) -> None:
    """Put the salt of MYPIZZA_SALT, where there is one, in the place of the warehouse's own."""
    salt = os.environ.get("MYPIZZA_SALT")
    if not salt:
        return
    with warehouse.connect(role="transformer") as connection:
        connection.execute(
            "update restricted.salt set salt = %(salt)s where salt <> %(salt)s", {"salt": salt}
        )


def add_reader(
    administrator: Warehouse, login: str, password: str, branches: Sequence[str] = ()
) -> bool:
    """Make a login that reads the marts and nothing else, or give it other branches.

    Args:
        administrator: the warehouse, and a login that may create roles and has prepared it.
        login: the name of the login.
        password: its password from now on.
        branches: the branches whose rows it sees; none for all rows of all branches.

    Returns:
        Whether the login was made; otherwise it was there, and is as asked for now.

    Raises:
        WarehouseError: no such branch, a login of that name that is no reader's, or no right.
    """
    if unknown := sorted(set(branches).difference(_branch_ids())):
        raise WarehouseError(
            f"There is no branch {unknown[0]!r}: the branches are {', '.join(_branch_ids())}."
        )
    if not login or login in ("public", "none") or login.startswith("pg_"):
        raise WarehouseError(
            f"Postgres does not accept {login!r} as a login's name: choose another one."
        )
    wanted = [f"manager_{branch}" for branch in branches] or ["reader"]
    with _administration(administrator) as connection:
        roles = _reader_roles(connection, login)
        _make_login(connection, login, password, "create" if roles is None else "alter")
        _run_script(connection, "add_reader", login=login, roles=",".join(wanted))
    return roles is None


def remove_reader(administrator: Warehouse, login: str) -> None:
    """Take a reader's login away.

    Args:
        administrator: as for `add_reader`.
        login: the name of the login.

    Raises:
        WarehouseError: no such login, one that is no reader's or owns something, or no right.
    """
    with _administration(administrator) as connection:
        if _reader_roles(connection, login) is None:
            raise WarehouseError(f"There is no login {login!r}.")
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


def become_reader(connection: psycopg.Connection[tuple[Any, ...]]) -> str:
    """Read with the rights of the role `reader` alone, where the login is a member of it.

    Returns:
        The role; "none" for any other login, such as a branch manager's, which has its own rights.
    """
    row = connection.execute(read_sql("become_reader").encode()).fetchone()
    return row[0] if row else "none"


@contextmanager
def _administration(administrator: Warehouse) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Open a transaction in a prepared warehouse; what is refused there is one sentence."""
    try:
        with administrator.connect(name="mypizza logins") as connection, connection.transaction():
            if prepared_with(connection) != preparation():
                raise WarehouseError(
                    f"The database {administrator.database!r} is not prepared, or for other "
                    "branches: run `mypizza init-warehouse` first."
                )
            yield connection
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.DependentObjectsStillExist) as no:
        raise WarehouseError(
            f"The user {administrator.user!r} may not do this ({no.diag.message_primary}): use the "
            "administrator who ran `mypizza init-warehouse`."
        ) from None


def _run_script(
    connection: psycopg.Connection[tuple[Any, ...]], name: str, **settings: str
) -> None:
    """Run one of the package's scripts, which takes its values from settings named mypizza.*."""
    for setting, value in settings.items():
        connection.execute("select set_config(%s, %s, true)", [f"mypizza.{setting}", value])
    connection.execute(read_sql(name).encode())


def _reader_roles(connection: psycopg.Connection[tuple[Any, ...]], login: str) -> list[str] | None:
    """Return which of the readers' roles a login has, None where there is no such login.

    Raises:
        WarehouseError: it is no login of a reader, and so none of ours to change.
    """
    row = connection.execute(read_sql("reader_roles").encode(), {"login": login}).fetchone()
    if row is None:
        return None
    may_be_changed, roles = row
    if not may_be_changed or not roles:
        raise WarehouseError(
            f"A login or role {login!r} already exists and is not a reader: choose another name."
        )
    return list(roles)


def ensure_login(
    connection: psycopg.Connection[tuple[Any, ...]],
    login: str,
    new_password: Callable[[], str] | None,
) -> bool:
    """Make the pipeline's login where it is missing, and say whether it was."""
    if connection.execute("select 1 from pg_roles where rolname = %s", [login]).fetchone():
        return False
    if new_password is None:
        raise WarehouseError(
            f"There is no login {login!r}, and no password was given to create it."
        )
    _make_login(connection, login, new_password())
    return True


def _make_login(
    connection: psycopg.Connection[tuple[Any, ...]],
    login: str,
    password: str,
    verb: Literal["create", "alter"] = "create",
) -> None:
    # Encrypted here: the server, and so its log, never sees the password.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), login.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("{} role {} login password {}").format(
            sql.SQL(verb), sql.Identifier(login), sql.Literal(verifier.decode())
        )
    )


def _branch_ids() -> list[str]:
    with (PROJECT_DIR / "seeds" / "branches.csv").open(encoding="utf-8", newline="") as file:
        return [row["branch_id"] for row in csv.DictReader(file)]


def preparation() -> str:
    """Say what a database is prepared with: other roles or branches need another preparation."""
    content = read_sql("init_warehouse") + ",".join(sorted(_branch_ids()))
    return f"Prepared by mypizza init-warehouse {hashlib.sha256(content.encode()).hexdigest()[:12]}"


def prepared_with(connection: psycopg.Connection[tuple[Any, ...]]) -> str | None:
    """Return what `preparation` said when the database was prepared, None where it never was."""
    row = connection.execute(
        "select obj_description(to_regnamespace('audit'), 'pg_namespace')"
    ).fetchone()
    return row[0] if row else None
