"""A till system is declared, not programmed: `systems/<system>.toml` says what its tables are.

Loading, comparison, heal and erasure read the same declaration.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ingest.loads.source import SourceError

FOLDER = Path(__file__).parent / "systems"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Part):
    """A figure of a business date, worked out at the till and in the raw layer.

    Attributes:
        name: as audit.reconciliation has it.
        sum: columns whose product is added up; without any, rows are counted.
        where: by column, the value that a row must have to count.
    """

    name: str
    sum: tuple[str, ...] = ()
    where: Mapping[str, str] = {}


class Table(_Part):
    """One table to read from every till of a system.

    Attributes:
        name: the table's name, at the till and in the raw schema.
        key: its key within one till.
        changed_at: the column that tells new and changed rows from those already read.
        excluded: columns that never leave the till.
        business_time: the column that places a row on a business date, where it has one itself.
        parent: the table on whose business date its rows are.
        parent_key: the column that names the parent's row.
        named_by: the column of the table with the business time that names its rows, which a heal
            reads again, too: what came late with an order must not be missing beside it.
        person: the column that names the person of a row, of the parent where it has none itself.
        erased: the columns that say something of the person, and what takes their place.
        emptied: those that become null.
        hash: the figure's name for a hash over the columns below.
        money: columns that are compared as numbers.
        moments: columns that are compared as moments.
        texts: columns that are compared as texts.
        figures: its figures per business date.
    """

    name: str
    key: str
    changed_at: str | None = None
    excluded: tuple[str, ...] = ()
    business_time: str | None = None
    parent: str | None = None
    parent_key: str | None = None
    named_by: str | None = None
    person: str | None = None
    erased: Mapping[str, str | bool] = {}
    emptied: tuple[str, ...] = ()
    hash: str | None = None
    money: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()

    def __hash__(self) -> int:
        """Let a table be a key: its name tells it from the others of its system."""
        return hash(self.name)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns without which it cannot be loaded."""
        named = (self.key, self.changed_at, self.business_time, self.parent_key)
        return tuple(column for column in named if column)

    @property
    def belongs_to_a_day(self) -> bool:
        """Whether its rows are on a business date: their own, or their parent's."""
        return bool(self.business_time or self.parent_key)

    @property
    def root_key(self) -> str:
        """The column that names the row with the business time: its parent's, or its own."""
        return self.parent_key or self.key

    @property
    def compared(self) -> dict[str, str]:
        """The columns that the hash sees, each with how it is compared."""
        return {
            name: kind
            for kind, names in (
                ("text", self.texts),
                ("money", self.money),
                ("moment", self.moments),
            )
            for name in names
        }

    @model_validator(mode="after")
    def _can_be_loaded(self) -> Self:
        if self.changed_at and not self.key:
            raise ValueError(
                f"the table {self.name} has changed_at ({self.changed_at}) and no key: changed "
                f"rows could not be distinguished from new ones; name its key, or leave "
                f"changed_at out"
            )
        for column in self.needed:
            if column in self.excluded:
                raise ValueError(f"the table {self.name} excludes {column}, which loading needs")
        if bool(self.parent) != bool(self.parent_key):
            raise ValueError(f"the table {self.name} needs both parent and parent_key, or neither")
        return self


class System(_Part):
    """A till system.

    Attributes:
        name: the system's name.
        source: as audit.loads and the command line call it; its raw schema is `raw_<source>`.
        tables: its tables, each after those it refers to.
    """

    name: str
    source: str
    tables: tuple[Table, ...]

    @property
    def raw(self) -> str:
        """The raw schema."""
        return f"raw_{self.source}"

    def schema_name(self, branch_id: str) -> str:
        """Return dlt's name of a till's pipeline, under which its loads are kept."""
        return f"{self.source}_{branch_id}"

    @cached_property
    def root(self) -> Table:
        """The table whose rows have a business time of their own."""
        return next(table for table in self.tables if table.business_time)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """The names of all figures."""
        names = [figure.name for table in self.tables for figure in table.figures]
        return (*names, *(table.hash for table in self.tables if table.hash))

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        rooted = [table.name for table in self.tables if table.business_time]
        if len(rooted) != 1:
            raise ValueError(f"exactly one table has a business_time; here: {rooted or 'none'}")
        for table in self.tables:
            if table.parent not in (None, *rooted):
                raise ValueError(
                    f"the table {table.name} has the parent {table.parent!r}, which has no "
                    "business_time"
                )
        return self


def declared(name: str) -> System:
    """Return a system's declaration, checked.

    Args:
        name: the system's name.

    Raises:
        SourceError: there is no such system, or its declaration is wrong.
    """
    file = FOLDER / f"{name}.toml"
    if not file.exists():
        known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.toml")))
        raise SourceError(f"There is no till system {name!r}; there is: {known}.")
    values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    tables = [{"name": table, **facts} for table, facts in values.pop("tables", {}).items()]
    try:
        return System.model_validate({"name": name, **values, "tables": tables})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SourceError(
            f"The declaration of the till system {name} is wrong ({place or 'as a whole'}: "
            f"{first['msg'].removeprefix('Value error, ')}): correct {file.name}."
        ) from None
