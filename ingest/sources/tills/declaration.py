"""A till system is declared, not programmed: `systems/<system>.toml` says what its tables are.

Loading, comparison, heal and erasure read the same declaration. It names tables and columns as the
till does; once read, every name is that of the raw layer (`names.py`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic import ValidationError as Wrong

from ingest.loads.source import SourceError
from ingest.sources.tills.names import Name

FOLDER = Path(__file__).parent / "systems"

Kind = Literal["text", "integer", "number", "double", "moment", "date", "boolean"]


def _zone(value: str) -> str:
    if value not in ("utc", "branch"):
        try:
            ZoneInfo(value)
        except (OSError, ValueError):
            raise ValueError(
                f"{value!r} is no time zone: write utc, branch (the branch's wall clock) or a "
                f"name like Europe/Berlin"
            ) from None
    return value


def _format(value: str) -> str:
    parts = "".join(re.findall("%(.)", value))
    if value not in ("epoch", "epoch_ms") and not (parts and "YmdHMSf".startswith(parts)):
        raise ValueError(
            f"{value!r} is no format that sorts as its times do: write epoch (seconds), epoch_ms "
            f"or how the text is written, the year first, like %Y-%m-%d %H:%M:%S; where it is "
            f"written in another order, leave changed_at and changed_format out"
        )
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Names = Annotated[
    tuple[Name, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
]
"""One name or several."""


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
    sum: Names = ()
    where: Mapping[Name, str] = {}


class Through(_Part):
    """Where a row's branch is said by another table.

    Attributes:
        column: the row's column that names the other table's row.
        table: that table, which has a key of one column.
        says: its column that says the branch.
    """

    column: Name
    table: Name
    says: Name


class Table(_Part):
    """One table to read from every till of a system.

    Attributes:
        at_till: the table's name at the till, also of a view.
        name: its name in the raw schema.
        schema_name: the till's schema that has it, if not the till's own.
        query: a file of `systems/` whose rows are read as if they were a table's.
        columns: the kinds of the query's columns, or of those whose type does not tell.
        key: its key within one till: one column or several.
        changed_at: the column that tells new and changed rows from those already read: a time, or
            a key that grows. Without one the last days are read each time and all are compared.
        changed_format: how that column writes a time, if it has no time's type.
        excluded: columns that never leave the till.
        business_time: the column that places a row on a business date, where it has one itself.
        times: the columns whose clock is not the system's, each with its own.
        parent: the table on whose business date its rows are.
        parent_key: the columns that name the parent's row.
        branch: the column that says which branch a row is of, where a till has several.
        branch_through: the table that says it where the column does not, or is not there.
        named_by: the column of the table with the business time that names its rows, which a heal
            reads again, too: what came late with an order must not be missing beside it.
        person: the column that names the person of a row, of the parent where it has none itself.
        erased: the columns that say something of the person, and what takes their place.
        emptied: those that become null.
        money: columns that are added up per day.
        compared: the columns that the hash sees; without any, all that both sides have.
        hash: the hash's name as a figure.
        figures: its figures per business date; without any, its rows and its money.
    """

    at_till: str
    name: Name
    schema_name: str | None = Field(None, alias="schema")
    query: str | None = None
    columns: Mapping[Name, Kind] = {}
    key: Names
    changed_at: Name | None = None
    changed_format: Annotated[str, AfterValidator(_format)] | None = None
    excluded: Names = ()
    business_time: Name | None = None
    times: Mapping[Name, Zone] = {}
    parent: Name | None = None
    parent_key: Names = ()
    branch: Name | None = None
    branch_through: Through | None = None
    named_by: Name | None = None
    person: Name | None = None
    erased: Mapping[Name, str | bool] = {}
    emptied: Names = ()
    money: Names = ()
    compared: Names = ()
    hash: str = ""
    figures: tuple[Figure, ...] = ()

    def __hash__(self) -> int:
        """Let a table be a key: its name tells it from the others of its system."""
        return hash(self.name)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns without which it cannot be loaded."""
        named = (*self.key, self.changed_at, self.business_time, *self.parent_key)
        return tuple(column for column in named if column)

    @property
    def belongs_to_a_day(self) -> bool:
        """Whether its rows are on a business date: their own, or their parent's."""
        return bool(self.business_time or self.parent)

    @property
    def all_figures(self) -> tuple[Figure, ...]:
        """Its figures per business date, without the hash."""
        if self.figures or not self.belongs_to_a_day:
            return self.figures
        sums = (Figure(name=f"{self.name}_{column}", sum=(column,)) for column in self.money)
        return (Figure(name=self.name), *sums)

    def is_money(self, column: str) -> bool:
        """Say whether a column is added up per day."""
        return column in self.money or any(column in figure.sum for figure in self.figures)

    @property
    def hash_name(self) -> str:
        """The name of its hash as a figure."""
        return self.hash or f"{self.name}_hash"

    @model_validator(mode="after")
    def _can_be_loaded(self) -> Self:
        if not self.key or not all(self.key):
            raise ValueError(
                f"the table {self.name} has no key: changed rows could not be told from new ones; "
                f"name the columns that make its rows unique"
            )
        for column in self.needed:
            if column in self.excluded:
                raise ValueError(f"the table {self.name} excludes {column}, which loading needs")
        if bool(self.parent) != bool(self.parent_key):
            raise ValueError(f"the table {self.name} needs both parent and parent_key, or neither")
        if self.parent and self.business_time:
            raise ValueError(
                f"the table {self.name} has a parent and a business_time: its rows can be on one "
                f"day only; leave one of them out"
            )
        if self.query and not self.columns:
            raise ValueError(f"the table {self.name} has a query: name its columns, too")
        return self


class System(_Part):
    """A till system.

    Attributes:
        name: the system's name.
        source: as audit.loads and the command line call it; its raw schema is `raw_<source>`.
        till_column: the raw tables' column that names the till.
        times: how its times without a zone are meant: utc, branch (its wall clock), or a zone.
        tinyint: what MySQL's tinyint(1) is: a truth, or a number that may be larger than 1.
        free_numeric: how numbers without a scale land: as number, which has ten places.
        tables: its tables, each after those it refers to.
    """

    name: str
    source: str
    till_column: str = "till_id"
    times: Zone = "utc"
    tinyint: Literal["boolean", "integer"] = "boolean"
    free_numeric: Literal["number", "text"] = "number"
    tables: tuple[Table, ...]

    @property
    def raw(self) -> str:
        """The raw schema."""
        return f"raw_{self.source}"

    @property
    def own_columns(self) -> tuple[str, ...]:
        """What the raw tables have beyond the till's columns."""
        return (self.till_column, "_deleted_at", "_dlt_load_id")

    def schema_name(self, till_id: str) -> str:
        """Return dlt's name of a till's pipeline, under which its loads are kept."""
        return f"{self.source}_{till_id}"

    def table(self, name: str) -> Table:
        """Return the table of a name."""
        return next(table for table in self.tables if table.name == name)

    def clock(self, table: Table, column: str) -> str:
        """Return what a column's times without a zone mean."""
        return table.times.get(column, self.times)

    def path(self, table: Table) -> tuple[Table, ...]:
        """Return a table, its parent, and so on up to the one that has a business time."""
        return (table, *self.path(self.table(table.parent))) if table.parent else (table,)

    def root_of(self, table: Table) -> Table:
        """Return the table whose business time places a table's rows."""
        return self.path(table)[-1]

    @cached_property
    def root(self) -> Table:
        """The table of its sales: the first whose rows have a business time of their own."""
        return next(table for table in self.tables if table.business_time)

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        known: dict[str, Table] = {}
        for table in self.tables:
            parent = known.get(table.parent or "")
            if table.parent and (parent is None or not parent.belongs_to_a_day):
                raise ValueError(
                    f"the table {table.name} has the parent {table.parent!r}, which no table above "
                    f"it is, or which has no business_time"
                )
            if parent and len(parent.key) != len(table.parent_key):
                raise ValueError(
                    f"the table {table.name} needs a parent_key with as many columns as the key of "
                    f"{table.parent}: {', '.join(parent.key)}"
                )
            known[table.name] = table
        if not any(table.business_time for table in self.tables):
            raise ValueError("no table has a business_time: none could be placed on a day")
        for table in self.tables:
            if table.branch_through and table.branch_through.table not in known:
                raise ValueError(
                    f"the table {table.name} finds its branch through "
                    f"{table.branch_through.table}, which is not declared"
                )
        return self


def known_systems() -> list[str]:
    """Return the names of all systems that are declared."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def source_name(name: str) -> str:
    """Return what a system's source is called, also where its declaration is wrong.

    Args:
        name: the system's name.
    """
    try:
        return str(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")).get("source", name))
    except tomllib.TOMLDecodeError:
        return name


def declared(name: str) -> System:
    """Return a system's declaration, checked.

    Args:
        name: the system's name.

    Raises:
        SourceError: there is no such system, or its declaration is wrong.
    """
    file = FOLDER / f"{name}.toml"
    if not file.exists():
        raise SourceError(
            f"There is no till system {name!r}; there is: {', '.join(known_systems())}."
        )
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        return parsed(name, values)
    except tomllib.TOMLDecodeError as error:
        reason = f"{error}"
    except Wrong as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = f"{place or 'as a whole'}: {first['msg'].removeprefix('Value error, ')}"
    raise SourceError(
        f"The declaration of the till system {name} is wrong ({reason}): correct {file.name}."
    )


def parsed(name: str, values: Mapping[str, Any]) -> System:
    """Return a declaration from its values.

    Args:
        name: the system's name.
        values: as its file has them.

    Raises:
        pydantic.ValidationError: something in it is wrong.
    """
    tables = [
        {"at_till": table, "name": table, **facts}
        for table, facts in values.get("tables", {}).items()
    ]
    rest = {key: value for key, value in values.items() if key != "tables"}
    return System.model_validate({"source": name, "name": name, **rest, "tables": tables})


def written(moment: datetime, changed_format: str) -> str | int:
    """Return a moment as a change column without a time's type has it.

    Args:
        moment: the moment, in the column's clock.
        changed_format: as declared.
    """
    if changed_format.startswith("epoch"):
        return int(moment.timestamp() * (1000 if changed_format == "epoch_ms" else 1))
    return moment.strftime(changed_format)
