"""Where the tills are, and the way to each."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import sqlalchemy as sa
from dlt.common.exceptions import TerminalException
from pydantic import Field

from ingest.loads import configuration
from ingest.loads.branches import Branch, branches
from ingest.loads.configuration import CONFIG_FILE, SECRETS_FILE, Declared, Secret
from ingest.loads.source import Connection, Session, SourceError
from ingest.sources.tills.declaration import System, Table, known_systems
from ingest.sources.tills.dialects import SCHEMES
from ingest.sources.tills.dialects.base import Dialect
from ingest.warehouse import WarehouseError, trouble

SAMPLE = "mypizza"
"""The system of the older sections [sources.pos.tills.<branch>]."""


class TillError(SourceError):
    """A till cannot be read; the message says which, why and what to do, in one sentence."""


class RefusedTableError(TillError, TerminalException):
    """One table cannot be loaded; the others can. dlt does not try it again."""

    def __init__(self, table: str, message: str, *, passes: bool = False) -> None:
        super().__init__(message)
        self.table = table
        self.passes = passes  # trying again may help


class Section(Declared):
    """`[sources.tills.<till>]`: one database, with one branch or several.

    Attributes:
        system: the till system, as its declaration is called.
        branches: the branch, or each branch with the value that says it in the database.
        url: the address.
        password: where it is not in the address.
        schema_name: the database's schema, if not the login's own.
    """

    system: str
    branches: str | Mapping[str, str | int]
    url: Secret | None = None
    password: Secret | None = None
    schema_name: str | None = Field(None, alias="schema")


@dataclass(frozen=True)
class Till:
    """A till: a database of the configuration.

    Attributes:
        till_id: its name there.
        system_name: its system.
        branches: its branches, each with the value that says it in the database.
        section: where it is configured, for messages.
        address: its url.
        password: where it is not in the url.
        schema: the database's schema.
    """

    till_id: str
    system_name: str
    branches: Mapping[Branch, str | int | None] = field(hash=False)
    section: str = ""
    address: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    schema: str | None = None

    @property
    def part(self) -> str:
        """What commands and audit.loads call it: its branch, where it has one, or itself."""
        return next(iter(self.branches)).branch_id if len(self.branches) == 1 else self.till_id

    @cached_property
    def url(self) -> sa.URL:
        """The address as SQLAlchemy reads it, with its driver and the password.

        Raises:
            TillError: no address, one that cannot be read, or an unsupported kind of database.
        """
        if not self.address:
            raise TillError(
                f"The till of {self.part} has no address: write its url into {self.section} "
                f"of {CONFIG_FILE} or {SECRETS_FILE}. The sample company's is written by make run."
            )
        try:
            url = sa.make_url(self.address)
        except (sa.exc.ArgumentError, ValueError):
            raise TillError(
                f"The till of {self.part} has a url that cannot be read: write it as "
                f"postgresql://user@host:5432/database in {self.section} in {CONFIG_FILE}."
            ) from None
        scheme = url.drivername.partition("+")[0]
        if scheme not in SCHEMES:
            raise TillError(
                f"The till of {self.part} has a url with the scheme {scheme!r}: myPizza reads "
                f"{', '.join(f'{known}://' for known in SCHEMES)}; change {self.section} in "
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
        dialect = self.dialect
        engine = sa.create_engine(
            self.url, poolclass=sa.NullPool, connect_args=dict(dialect.connect_args)
        )
        sa.event.listen(engine, "connect", lambda connection, _: dialect.prepare(connection))
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
    def till_id(self) -> str:
        """What the raw tables call the till."""
        return self.till.till_id

    @property
    def schema_name(self) -> str:
        """Dlt's name of the till's pipeline, under which its loads are kept."""
        return self.system.schema_name(self.till_id)


def configured(system: System, only: Sequence[str] | None = None) -> list[Till]:
    """Read from the configuration which tills of a system there are.

    Args:
        system: the system.
        only: the branches whose tills are meant; default all.

    Returns:
        The tills in the order of the seed.

    Raises:
        TillError: a section is wrong, or dbt is not told of the system.
    """
    found = [till for till in all_tills() if till.system_name == system.name]
    if found and system.source not in configuration.systems():
        raise TillError(
            f"{found[0].section} in {CONFIG_FILE} is a till of the system {system.source}, and "
            f"vars.systems in dbt_project.yml lacks it: add it there."
        )
    return [
        till
        for till in found
        if not only or any(branch.branch_id in only for branch in till.branches)
    ]


def all_tills() -> list[Till]:
    """Return all tills of the configuration, in the order of the seed.

    Raises:
        TillError: a section is wrong, or two tills of one system say that they are of one branch.
    """
    tills = [*_of_branches(), *map(_read, _names())]
    taken: dict[tuple[str, str], Till] = {}
    for till in tills:
        for branch in till.branches:
            other = taken.setdefault((till.system_name, branch.branch_id), till)
            if other is not till:
                raise TillError(
                    f"{other.section} and {till.section} in {CONFIG_FILE} are both of the branch "
                    f"{branch.branch_id}: a branch has one till of a system."
                )
    order = {branch_id: number for number, branch_id in enumerate(branches())}
    return sorted(tills, key=lambda till: min(order[branch.branch_id] for branch in till.branches))


def _of_branches() -> list[Till]:
    """Return the tills of the older sections, one for each branch."""
    path = "sources.pos.tills"
    sections = configuration.section(path)
    for branch_id in sections:
        _branch(branch_id, f"[{path}.{branch_id}]")
    tills = []
    for branch_id, branch in branches().items():
        address = configuration.value(f"{path}.{branch_id}.url")
        if branch_id in sections or address:
            password = configuration.value(f"{path}.{branch_id}.password")
            tills.append(
                Till(
                    branch_id, SAMPLE, {branch: None}, f"[{path}.{branch_id}]",
                    address and str(address), None if password is None else str(password),
                )
            )  # fmt: skip
    return tills


def _names() -> list[str]:
    """Return the tills of `sources.tills`, in the files and in the environment."""
    in_environment = (
        re.fullmatch(r"SOURCES__TILLS__(\w+?)__SYSTEM", variable) for variable in os.environ
    )
    names = [*configuration.section("sources.tills")]
    return list(dict.fromkeys([*names, *(found[1].lower() for found in in_environment if found)]))


def _read(till_id: str) -> Till:
    path = f"sources.tills.{till_id}"
    section = f"[{path}]"
    if not re.fullmatch("[a-z][a-z0-9_]{0,39}", till_id):
        raise TillError(
            f"{section} in {CONFIG_FILE}: a till's name is at most 40 small letters, digits and _."
        )
    values = configuration.read(Section, path)
    if values.system not in known_systems():
        raise TillError(
            f"{section} in {CONFIG_FILE}: there is no till system {values.system!r}; there is: "
            f"{', '.join(known_systems())}."
        )
    listed: Mapping[str, str | int | None] = (
        {values.branches: None} if isinstance(values.branches, str) else values.branches
    )
    if not listed:
        raise TillError(f"{section} in {CONFIG_FILE} has no branches: name at least one there.")
    found = {_branch(branch_id, section): value for branch_id, value in listed.items()}
    if values.system == SAMPLE:
        # raw_pos calls a till by its branch
        if len(found) > 1:
            raise TillError(f"{section} in {CONFIG_FILE}: a till of {SAMPLE} has one branch.")
        till_id = next(iter(listed))
    url, password = (
        each.get_secret_value() if each else None for each in (values.url, values.password)
    )
    return Till(till_id, values.system, found, section, url, password, values.schema_name)


def _branch(branch_id: str, section: str) -> Branch:
    known = branches()
    if branch_id not in known:
        raise TillError(
            f"There is no branch {branch_id!r} in seeds/branches.csv (known: {', '.join(known)}): "
            f"correct {section} in {CONFIG_FILE}, or add the branch to the seed."
        )
    return known[branch_id]


def cause(error: BaseException) -> BaseException:
    """Return what is behind an error that dlt has wrapped, once or more."""
    while not isinstance(error, WarehouseError):
        inner = (
            getattr(error, "client_exception", None)
            or getattr(error, "exception", None)
            or error.__cause__
        )
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
        return f"The till of {till.part} is not loaded. {sentence}"
    text = f"{type(error).__name__}: {_first_line(error) or 'no message'}"
    return _hide(f"Loading the till of {till.part} failed: {text}", till.url)


def cannot_read(error: BaseException | None, till: Till) -> str:
    """Return one sentence on why a till does not answer, without its password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[-1].rpartition("FATAL:")[-1].strip() if lines else "no answer"
    url = till.url
    place = f" at {url.host}:{url.port or 'default port'}" if url.host else f" in {url.database}"
    return _hide(
        f"The till of {till.part}{place} cannot be read "
        f"({reason}): check that its server runs and {till.section} in {CONFIG_FILE}; the next run "
        "catches up.",
        url,
    )


def refusal(error: BaseException, till: Till, table: Table) -> TillError:
    """Return what a till's answer to the reading of one table means: for it alone, or for all.

    Args:
        error: what the driver raised.
        till: the till.
        table: the table.
    """
    text, dialect = str(error), till.dialect
    name = f"The table {table.at_till} of the till of {till.part}"
    if any(words in text for words in dialect.denied):
        advice = (
            f"the login {till.url.username} may not read it; let the till's administrator grant "
            f"select on it"
        )
    elif any(words in text for words in dialect.slow):
        advice = (
            "the till's server ended the query, which took too long; let its administrator raise "
            "the limit for this login, or add an index on the change column"
        )
    elif any(words in text for words in dialect.retried):
        advice = "the till's server interrupted the query; the next run tries again"
    else:
        return TillError(cannot_read(error, till))
    reason = _hide(f"{_first_line(error)}", till.url)
    return RefusedTableError(
        table.name,
        f"{name} is not loaded ({reason}): {advice}.",
        passes=any(words in text for words in dialect.retried),
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "")


def _hide(text: str, url: sa.URL) -> str:
    for secret in (url.password, url.render_as_string(hide_password=False)):
        if secret:
            text = text.replace(str(secret), "***")
    return text
