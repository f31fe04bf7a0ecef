"""Where a branch's till is, and the way to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dlt
import sqlalchemy as sa
from psycopg import sql

from ingest.loads.branches import Branch, branches
from ingest.loads.configuration import CONFIG_FILE, SECRETS_FILE, section
from ingest.loads.source import Connection, Session, SourceError
from ingest.sources.tills.declaration import System, Table
from ingest.sources.tills.dialect import SCHEMES, Dialect
from ingest.warehouse import WarehouseError, trouble

CONNECT_SECONDS = 10


class TillError(SourceError):
    """A till cannot be read; the message says which, why and what to do, in one sentence."""


class RefusedTableError(TillError):
    """One table cannot be loaded; the others can."""

    def __init__(self, table: str, message: str) -> None:
        super().__init__(message)
        self.table = table


@dataclass(frozen=True)
class Till:
    """A branch's till: an address from the configuration."""

    branch: Branch
    address: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def branch_id(self) -> str:
        """The branch's id in the seed."""
        return self.branch.branch_id

    @property
    def section(self) -> str:
        """Where it is configured, for messages."""
        return f"[sources.pos.tills.{self.branch_id}]"

    @cached_property
    def url(self) -> sa.URL:
        """The address as SQLAlchemy reads it, with its driver and the password.

        Raises:
            TillError: no address, one that cannot be read, or an unsupported kind of database.
        """
        if not self.address:
            raise TillError(
                f"The till of {self.branch_id} has no address: write its url into {self.section} "
                f"of {CONFIG_FILE} or {SECRETS_FILE}. The sample company's is written by make run."
            )
        try:
            url = sa.make_url(self.address)
        except (sa.exc.ArgumentError, ValueError):
            raise TillError(
                f"The till of {self.branch_id} has a url that cannot be read: write it as "
                f"postgresql://user@host:5432/database in {self.section} in {CONFIG_FILE}."
            ) from None
        scheme = url.drivername.partition("+")[0]
        if scheme not in SCHEMES:
            raise TillError(
                f"The till of {self.branch_id} has a url with the scheme {scheme!r}: myPizza reads "
                f"postgresql:// and mysql:// (also for MariaDB); change {self.section} in "
                f"{CONFIG_FILE}."
            )
        url = url.set(drivername=SCHEMES[scheme].driver)
        return url.set(password=self.password) if self.password else url

    @cached_property
    def dialect(self) -> Dialect:
        """How the till's engine writes SQL."""
        return SCHEMES[self.url.get_backend_name()]

    @cached_property
    def engine(self) -> sa.Engine:
        """A SQLAlchemy engine on the till whose sessions speak UTC."""
        engine = sa.create_engine(
            self.url,
            poolclass=sa.NullPool,
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )

        @sa.event.listens_for(engine, "connect")
        def _set_time_zone(connection: Any, _record: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute(self.dialect.session)
            connection.commit()

        return engine


@dataclass(frozen=True)
class Link:
    """A till, and the raw tables that it fills."""

    session: Session
    system: System
    till: Till

    @property
    def connection(self) -> Connection:
        """The session's connection to the warehouse."""
        return self.session.connection

    @property
    def branch_id(self) -> str:
        """The branch's id."""
        return self.till.branch_id

    @property
    def schema_name(self) -> str:
        """Dlt's name of the till's pipeline, under which its loads are kept."""
        return self.system.schema_name(self.branch_id)

    def raw(self, table: Table) -> sql.Identifier:
        """Return a raw table's name."""
        return sql.Identifier(self.system.raw, table.name)


def configured(only: Sequence[str] | None = None) -> list[Till]:
    """Read from the configuration which tills there are.

    Args:
        only: the branches to return; default all that have a till.

    Returns:
        The tills in the order of the seed.

    Raises:
        TillError: a till of a branch that the seed does not know.
    """
    declared = section("sources.pos.tills")
    known = branches()
    for branch_id in [*declared, *(only or [])]:
        if branch_id not in known:
            raise TillError(
                f"There is no branch {branch_id!r} in seeds/branches.csv (known: "
                f"{', '.join(known)}): correct [sources.pos.tills.{branch_id}] in {CONFIG_FILE}, "
                "or add the branch to the seed."
            )
    tills = {}
    for branch_id, branch in known.items():
        key = f"sources.pos.tills.{branch_id}"
        address: Any = dlt.secrets.get(f"{key}.url") or dlt.config.get(f"{key}.url")
        if branch_id in declared or address:
            password: Any = dlt.secrets.get(f"{key}.password")
            text = None if password is None else str(password)
            tills[branch_id] = Till(branch, address and str(address), text)
    return [till for till in tills.values() if not only or till.branch_id in only]


def cause(error: BaseException) -> BaseException:
    """Return what is behind an error that dlt has wrapped, once or more."""
    while not isinstance(error, WarehouseError):
        inner = getattr(error, "exception", None) or error.__cause__
        if inner is None or inner is error:
            break
        error = inner
    return error


def explain(error: BaseException, till: Till) -> str:
    """Return one sentence on why a till's load failed, without its password."""
    error = cause(error)
    if isinstance(error, WarehouseError):
        return str(error)
    # A till's own errors were told from these where they arose.
    if sentence := trouble(error):
        return f"The till of {till.branch_id} is not loaded. {sentence}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
    return _hide(f"Loading the till of {till.branch_id} failed: {text}", till.url)


def cannot_read(error: BaseException | None, till: Till) -> str:
    """Return one sentence on why a till does not answer, without its password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[-1].rpartition("FATAL:")[-1].strip() if lines else "no answer"
    url = till.url
    return _hide(
        f"The till of {till.branch_id} at {url.host}:{url.port or 'default port'} cannot be read "
        f"({reason}): check that its server runs and {till.section} in {CONFIG_FILE}; the next run "
        "catches up.",
        url,
    )


def _hide(text: str, url: sa.URL) -> str:
    for secret in (url.password, url.render_as_string(hide_password=False)):
        if secret:
            text = text.replace(str(secret), "***")
    return text
