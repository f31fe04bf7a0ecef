"""A first declaration of a database that nobody has declared yet, for a person to finish.

Keys and parents are those that the database declares; what tells times, money and people are
types and names, so each of them is a guess that a person confirms.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ingest.sources.tills.connect import Till, TillError, cannot_read
from ingest.sources.tills.declaration import FOLDER, known_systems
from ingest.warehouse import WarehouseError

CHANGED = re.compile(r"updat|modif|write_date|chang|edited", re.IGNORECASE)
NO_SALE = re.compile(r"updat|modif|write|chang|edit|creat|birth|expir|valid|delet", re.IGNORECASE)
PEOPLE = re.compile(r"customer|partner|client|guest|person|people|member", re.IGNORECASE)
PERSONAL = re.compile(
    r"name|mail|phone|mobile|fax|street|address|city|zip|postal|birth|note|comment|tax_?id|card",
    re.IGNORECASE,
)
SECRET = re.compile(r"password|passwd|token|secret|pin$|hash$", re.IGNORECASE)
HEAD = """# {name}: written by mypizza till new; finish it, then run mypizza till check.
# Take out the tables that sales do not touch; docs/how-to/add-a-till.md says more.
times = "utc"          # what times without a zone mean: utc, branch, or the name of a zone
"""


@dataclass
class Found:
    """A table of the database.

    Attributes:
        columns: its columns.
        key: its primary key.
        parents: the tables that it refers to, each with the columns that do.
        business_time: what seems to place it on a day.
        parent: what seems to be its parent.
    """

    columns: Mapping[str, sa.Column[Any]]
    key: tuple[str, ...]
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    business_time: str | None = None
    parent: str | None = None

    def of_type(self, *kinds: type) -> list[str]:
        """Return the columns of some types."""
        return [name for name, column in self.columns.items() if isinstance(column.type, kinds)]


def new(name: str, url: str, schema: str | None = None) -> Path:
    """Write the first declaration of a till system.

    Args:
        name: what the system is to be called.
        url: the address of a till's database, as in the configuration.
        schema: the database's schema, if not the login's own.

    Returns:
        The file.

    Raises:
        TillError: the name is no name or is taken, or the database cannot be read.
    """
    if not re.fullmatch("[a-z][a-z0-9_]{0,39}", name):
        raise TillError(f"{name!r} is no name: at most 40 small letters, digits and _.")
    if name in known_systems():
        raise TillError(f"There is a till system {name} already: see systems/{name}.toml.")
    till = Till(name, name, {}, "the address", url, schema=schema)
    tables = _tables(till)
    _guess(tables)
    if not any(table.business_time for table in tables.values()):
        raise TillError(
            f"No table of {name} with a primary key has a time, so none could be placed on a day: "
            f"check the address, the schema and what the login may read."
        )
    file = FOLDER / f"{name}.toml"
    lines = [HEAD.format(name=name), *(line for each in tables for line in _written(each, tables))]
    keyless = sorted(each for each, table in tables.items() if not table.key)
    if keyless:
        lines.append(f"# Without a primary key, so left out: {', '.join(keyless)}.\n")
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _tables(till: Till) -> dict[str, Found]:
    """Return the tables of a database, each after those that it refers to."""
    try:
        with till.engine.connect() as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore", sa.exc.SAWarning)  # types that SQLAlchemy does not know
            columns = till.dialect.columns(connection, till.schema)
            inspector = sa.inspect(connection)
            keys = inspector.get_multi_pk_constraint(schema=till.schema)
            foreign = inspector.get_multi_foreign_keys(schema=till.schema)
    except WarehouseError:
        raise
    except Exception as error:  # a driver raises more than its own, for example for a login
        raise TillError(cannot_read(error, till)) from None
    found = {
        name: Found({column.name: column for column in some}, _key(keys, till.schema, name))
        for name, some in columns.items()
    }
    for (_, name), some in foreign.items():
        for each in some:
            above, named = each["referred_table"], tuple(each["constrained_columns"])
            if above in found and tuple(each["referred_columns"]) == found[above].key:
                found[name].parents[above] = named
    return dict(_sorted(found))


def _key(keys: Mapping[Any, Any], schema: str | None, name: str) -> tuple[str, ...]:
    constraint = keys.get((schema, name)) or {}
    return tuple(constraint.get("constrained_columns", ()))


def _sorted(found: Mapping[str, Found]) -> Iterator[tuple[str, Found]]:
    done: set[str] = set()

    def visit(name: str, above: frozenset[str]) -> Iterator[tuple[str, Found]]:
        if name in done or name in above:
            return
        for parent in sorted(found[name].parents):
            yield from visit(parent, above | {name})
        done.add(name)
        yield name, found[name]

    for name in sorted(found):
        yield from visit(name, frozenset())


def _guess(tables: Mapping[str, Found]) -> None:
    """Say which tables have a time of their own, and whose rows are on their parent's day."""
    seen: set[str] = set()
    for name, table in tables.items():
        if not table.key:
            continue
        for above, columns in table.parents.items():
            required = all(not table.columns[column].nullable for column in columns)
            if above in seen and required and tables[above].key:
                table.parent = table.parent or above
        times = [each for each in table.of_type(sa.DateTime, sa.Date) if not NO_SALE.search(each)]
        is_sale = table.of_type(sa.Numeric) and not PEOPLE.search(name)
        if (
            not table.parent
            and times
            and (is_sale or any(name in t.parents for t in tables.values()))
        ):
            table.business_time = times[0]
        if table.parent or table.business_time:
            seen.add(name)


def _written(name: str, tables: Mapping[str, Found]) -> Iterator[str]:
    """Yield the lines of a table."""
    table = tables[name]
    if not table.key:
        return
    yield f"[tables.{json.dumps(name, ensure_ascii=False)}]"
    yield f"key = {_value(table.key)}"
    changed = [each for each in table.of_type(sa.DateTime) if CHANGED.search(each)]
    if changed:
        yield f"changed_at = {_value(changed[:1])}"
    if table.parent:
        yield f"parent = {_value([table.parent])}"
        yield f"parent_key = {_value(table.parents[table.parent])}"
    elif table.business_time:
        yield f"business_time = {_value([table.business_time])}"
    numbers = [
        each
        for each in table.of_type(sa.Numeric)
        if isinstance(table.columns[each].type, sa.Float) or table.columns[each].type.scale != 0  # type: ignore[attr-defined]  # a number's
    ]
    if numbers and (table.parent or table.business_time):
        yield f"money = {_value(numbers)}"
    needed = {
        *table.key,
        table.business_time,
        *changed[:1],
        *table.parents.get(table.parent or "", ()),
    }
    secret = [
        each
        for each, column in table.columns.items()
        if (SECRET.search(each) or isinstance(column.type, sa.types._Binary)) and each not in needed
    ]
    if secret:
        yield f"excluded = {_value(secret)}"
    if PEOPLE.search(name) and len(table.key) == 1:
        personal = [each for each in table.of_type(sa.String) if PERSONAL.search(each)]
        personal = [each for each in personal if each not in needed and each not in secret]
        yield f"person = {_value(table.key)}"
        if personal:
            yield f"emptied = {_value(personal)}"
    yield ""


def _value(names: tuple[str, ...] | list[str]) -> str:
    texts = [json.dumps(name, ensure_ascii=False) for name in names]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
