"""Where the tills are, and the way to each."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import sqlalchemy as sa
from dlt.common.exceptions import TerminalException
from pydantic import Field

from ingest.loads import configuration
from ingest.loads.branches import Branch, branches
from ingest.loads.configuration import CONFIG_FILE, SECRETS_FILE, Declared, Secret
from ingest.loads.destination import SourceFailedError
from ingest.loads.source import SourceError
from ingest.sources.tills.declaration import System, Table, declared, known_systems, source_name
from ingest.sources.tills.dialects import SCHEMES
from ingest.sources.tills.dialects.base import Dialect
from ingest.warehouse import WarehouseError, trouble

SAMPLE, OLDER = "mypizza", "sources.pos.tills"
"""The sample's system, and its older sections: one for each branch."""

LONGEST_NAME = 64
"""Of a pipeline's schema in dlt: the system's name, `_` and the till's."""

DOWN = ("OperationalError", "InterfaceError", "OSError", "RuntimeError")
"""What drivers raise where it is not one table that cannot be read, but the till."""


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
        wrong: what is wrong with its section: it is not loaded, and the others are.
    """

    till_id: str
    system_name: str
    branches: Mapping[Branch, str | int | None] = field(hash=False)
    section: str = ""
    address: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    wrong: str | None = None

    @property
    def part(self) -> str:
        """What commands and audit.loads call it: its branch, where it has one, or itself."""
        return next(iter(self.branches)).branch_id if len(self.branches) == 1 else self.till_id

    @property
    def names(self) -> tuple[str, ...]:
        """What a person may call it: itself, its branch or its section."""
        return self.till_id, self.part, self.section.strip("[]").rpartition(".")[-1]

    @cached_property
    def system(self) -> System:
        """Its system's declaration.

        Raises:
            SourceError: the declaration is wrong.
        """
        return declared(self.system_name)

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
            self.url, poolclass=sa.NullPool, connect_args=dialect.arguments(self.url)
        )
        sa.event.listen(engine, "connect", lambda connection, _: dialect.prepare(connection))
        return engine


def configured() -> list[Till]:
    """Return all tills of the configuration, in the order of the seed, also those that are wrong.

    Two tills that say they are of one branch are both wrong: nobody can say whose its rows are.
    """
    older = {*configuration.section(OLDER)} | {
        branch_id for branch_id in branches() if configuration.value(f"{OLDER}.{branch_id}.url")
    }
    tills = [
        *(_listed(f"{OLDER}.{name}", system=SAMPLE, branches=name) for name in sorted(older)),
        *map(_listed, _sections()),
    ]
    taken: dict[str, Till] = {}
    wrong: dict[str, str] = {}
    for till in tills:
        for branch in till.branches:
            other = taken.setdefault(branch.branch_id, till)
            if other is not till:
                wrong[other.section] = wrong[till.section] = (
                    f"{other.section} and {till.section} in {CONFIG_FILE} are both of the branch "
                    f"{branch.branch_id}: a branch has one till. Two programs may have an order of "
                    "the same number: give each a branch of its own in seeds/branches.csv."
                )
    tills = [replace(till, wrong=till.wrong or wrong.get(till.section)) for till in tills]
    order = list(branches().values())
    return sorted(tills, key=lambda till: min(map(order.index, till.branches), default=-1))


def in_use(till: Till) -> str | None:
    """Return one sentence where dbt is not told of a till's system, or nothing tells branches."""
    if till.system.source in configuration.systems():
        dumb = [
            table.at_till for table in till.system.tables
            if table.business_time and not (table.branch or table.branch_through)
        ]  # fmt: skip
        if len(till.branches) == 1 or not dumb:
            return None
        return (
            f"{till.section} in {CONFIG_FILE} has several branches, and no column of {dumb[0]} "
            f"says which of them a row is of (branch or branch_through in "
            f"systems/{till.system_name}.toml): each branch would get all rows. Name the column "
            f"there, or one branch here."
        )
    return (
        f"{till.section} in {CONFIG_FILE} is a till of the system {till.system.source}, and "
        f"vars.systems in dbt_project.yml lacks it: add it there."
    )


def _sections() -> list[str]:
    """Return the sections of tills, in the files and in the environment."""
    in_environment = (
        re.fullmatch(r"SOURCES__TILLS__(\w+?)__SYSTEM", variable) for variable in os.environ
    )
    names = [
        *configuration.section("sources.tills"),
        *(found[1].lower() for found in in_environment if found),
    ]
    return [f"sources.tills.{name}" for name in dict.fromkeys(names)]


def _listed(path: str, **given: str) -> Till:
    """Return the till of a section; one that is wrong is listed with the systems that are known."""
    try:
        return _read(path, **given)
    except SourceError as error:
        system = given.get("system") or configuration.value(f"{path}.system")
        known = str(system) if system in known_systems() else SAMPLE
        return Till(path.rpartition(".")[-1], known, {}, f"[{path}]", wrong=str(error))


def _read(path: str, **given: str) -> Till:
    section, till_id = f"[{path}]", path.rpartition(".")[-1]
    where = f"{section} in {CONFIG_FILE}"
    if not (given or re.fullmatch("[a-z][a-z0-9_]{0,39}", till_id)):
        raise TillError(f"{where}: a till's name is at most 40 small letters, digits and _.")
    values = configuration.read(Section, path, **given)
    if values.system not in known_systems():
        raise TillError(
            f"{where}: there is no till system {values.system!r}; there is: "
            f"{', '.join(known_systems())}."
        )
    listed: Mapping[str, str | int | None] = (
        {values.branches: None} if isinstance(values.branches, str) else values.branches
    )
    if not listed:
        raise TillError(f"{where} has no branches: name at least one there.")
    for branch_id in listed:
        if branch_id not in branches():
            raise TillError(
                f"There is no branch {branch_id!r} in seeds/branches.csv (known: "
                f"{', '.join(branches())}): correct {where}, or add the branch to the seed."
            )
    found = {branches()[branch_id]: value for branch_id, value in listed.items()}
    if values.system == SAMPLE:
        # raw_pos calls a till by its branch
        if len(found) > 1:
            raise TillError(f"{where}: a till of {SAMPLE} has one branch.")
        till_id = next(iter(listed))
    if len(f"{source_name(values.system)}_{till_id}") > LONGEST_NAME:
        raise TillError(
            f"{where}: the names of the system and the till have more than {LONGEST_NAME - 1} "
            f"characters together, which is too long for dlt: shorten the section's name."
        )
    url, password = (
        each.get_secret_value() if each else None for each in (values.url, values.password)
    )
    return Till(till_id, values.system, found, section, url, password, values.schema_name)


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


def cannot_read(error: BaseException, till: Till) -> str:
    """Return one sentence on why a till does not answer, without its password."""
    lines = [line.strip() for line in str(_inner(error)).splitlines() if line.strip()]
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
    error, dialect = _inner(error), till.dialect
    text = str(error)
    name = f"The table {table.at_till} of the till of {till.part}"
    if any(words in text for words in dialect.denied):
        advice = (
            f"the login {till.url.username} may not read it; let the till's administrator grant "
            f"select on it"
        )
    elif any(words in text for words in dialect.slow):
        advice = (
            "the till's server ended the query twice, which took too long; let its administrator "
            "raise the limit for this login, or add an index on the change column"
        )
    elif any(words in text for words in dialect.retried):
        advice = "the till's server interrupted the query twice; the next run tries again"
    elif any(kind.__name__ in DOWN for kind in type(error).__mro__):
        return TillError(cannot_read(error, till))
    else:
        advice = (
            f"mend it at the till, or correct or take out the table in systems/"
            f"{till.system_name}.toml; mypizza till check names a column that is declared wrong"
        )
    reason = _hide(f"{_first_line(error)}", till.url)
    return RefusedTableError(
        table.name,
        f"{name} is not loaded ({reason}): {advice}.",
        passes=any(words in text for words in (*dialect.retried, *dialect.slow)),
    )


def _inner(error: BaseException) -> BaseException:
    """Return what a driver raised, behind what SQLAlchemy or a copy has made of it."""
    return getattr(error, "orig", None) or (
        error.__cause__ if isinstance(error, SourceFailedError) and error.__cause__ else error
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "")


def _hide(text: str, url: sa.URL) -> str:
    for secret in (url.password, url.render_as_string(hide_password=False)):
        if secret:
            text = text.replace(str(secret), "***")
    return text
