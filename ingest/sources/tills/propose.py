"""A first declaration of a till system, written from a till's database, for a person to finish.

Keys are those that the database declares, and parents, where it declares any; all else is told by
types and names, so each of it is a guess that a person confirms.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ingest.loads import configuration
from ingest.sources.tills.connect import Till, TillError, cannot_read
from ingest.sources.tills.declaration import FOLDER, known_systems, source_name
from ingest.warehouse import WarehouseError

CHANGED = re.compile(r"updat|modif|write_date|chang|edited", re.IGNORECASE)
NO_SALE = re.compile(r"updat|modif|write|chang|edit|creat|birth|expir|valid|delet", re.IGNORECASE)
CREATED = re.compile(r"creat", re.IGNORECASE)
SALES = re.compile(r"order|sale|ticket|receipt|invoice|bill|transaction|refund", re.IGNORECASE)
PEOPLE = re.compile(r"customer|partner|client|guest|person|people|member", re.IGNORECASE)
PERSONAL = re.compile(
    r"name|mail|phone|mobile|fax|street|address|city|zip|postal|birth|note|comment|tax_?id|card",
    re.IGNORECASE,
)
SECRET = re.compile(r"password|passwd|token|secret|pin$|hash$", re.IGNORECASE)
EPOCH = re.compile(r"time|date|_at$", re.IGNORECASE)
LOOKED_AT = 1000
"""In how many rows of a table numbers that are times are looked for."""
KEYS = ("url", "password", "schema")
HEAD = """# {name}: written by mypizza till new; finish it, then run mypizza till check.
# Take out the tables that sales do not touch; docs/how-to/add-a-till-system.md says more.
times = "utc"          # what times without a zone mean: utc, branch, or the name of a zone
"""


def new(name: str, place: str, schema: str | None = None) -> Path:
    """Write the first declaration of a till system.

    Args:
        name: what the system is to be called.
        place: a till of the configuration, where its url and password are, or an address.
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
    no_tills = {
        listed for listed, system in configuration.systems().items()
        if system and system.get("loads_go_by") != "branch_id"
    }  # fmt: skip
    if name in no_tills | set(map(source_name, known_systems())):
        raise TillError(
            f"{name} is another system of vars.systems in dbt_project.yml: choose another name."
        )
    till = _till(name, place, schema)
    catalog = sa.MetaData()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sa.exc.SAWarning)  # types that SQLAlchemy does not know
            catalog.reflect(till.engine, schema=till.schema)
    except WarehouseError:
        raise
    except Exception as error:  # a driver raises more than its own, for example for a login
        said, _, _ = cannot_read(error, till).partition(": check that")
        raise TillError(f"{said}: check the address and that its server runs.") from None
    tables = [table for table in catalog.sorted_tables if table.primary_key.columns]
    for table in tables:
        _find_epochs(till, table)
        table.info.update(_placed(table))
    if not any(table.foreign_key_constraints for table in tables):
        tables = _placed_by_name(tables)
    if not any("business_time" in table.info for table in tables):
        raise TillError(
            f"No table of {name} with a primary key has a time, so none could be placed on a day: "
            f"check the address, the schema and what the login may read."
        )
    lines = [HEAD.format(name=name), *(line for table in tables for line in _written(table))]
    keyless = sorted(table.name for table in catalog.sorted_tables if table not in tables)
    if keyless:
        lines.append(f"# Without a primary key, so left out: {', '.join(keyless)}.\n")
    file = FOLDER / f"{name}.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _till(name: str, place: str, schema: str | None) -> Till:
    """Return the till at an address, or of a section: that is no till yet, for want of a system."""
    if "://" in place:
        return Till(name, name, {}, "the address", place, schema=schema)
    path = f"sources.tills.{place}"
    url, password, own = (configuration.value(f"{path}.{key}") for key in KEYS)
    if not url:
        raise TillError(
            f"[{path}] in {configuration.CONFIG_FILE} has no url: write it there, or into "
            f"{configuration.SECRETS_FILE} if it is secret."
        )
    return Till(name, name, {}, f"[{path}]", url, password, schema or own)


def _find_epochs(till: Till, table: sa.Table) -> None:
    """Take numbers for times that are called so, and of which the largest is of our days.

    The rows with the highest keys are looked at: the largest of all would be a scan per column.
    """
    named = [
        column
        for column in table.columns
        if isinstance(column.type, sa.Integer) and EPOCH.search(column.name)
    ]
    if not named:
        return
    newest = sa.select(*named).order_by(*(key.desc() for key in table.primary_key.columns))
    found: Sequence[Any] = []
    # what the login may not read stays a number
    with suppress(sa.exc.DBAPIError), till.engine.connect() as connection:
        found = connection.execute(newest.limit(LOOKED_AT)).all()
    for column, values in zip(named, zip(*found, strict=True), strict=False):
        largest = max((value for value in values if isinstance(value, int)), default=0)
        for form, parts in (("epoch", 1), ("epoch_ms", 1000)):
            if 10**9 < largest / parts < 5 * 10**9:
                column.type, column.info["format"] = sa.DateTime(), form


def _placed(table: sa.Table) -> dict[str, Sequence[str]]:
    """Return what seems to place a table's rows on a day: a parent, or a time of their own.

    A parent that some rows may lack is taken only where they have no time.
    """
    parents: dict[bool, dict[str, Sequence[str]]] = {}
    for is_required, parent in _references(table):
        parents.setdefault(is_required, parent)
    times = _of(table, sa.DateTime, sa.Date)
    sold = [each for each in times if not NO_SALE.search(each)]
    written = [each for each in times if CREATED.search(each) and SALES.search(table.name)]
    times = sold or written
    if True in parents:
        return parents[True]
    if times and _of(table, sa.Numeric, sa.Float) and not PEOPLE.search(table.name):
        return {"business_time": times[:1]}
    return parents.get(False, {})


def _references(table: sa.Table) -> Iterator[tuple[bool, dict[str, Sequence[str]]]]:
    """Yield each table on a day that a table refers to, and whether no row may lack it."""
    for reference in sorted(table.foreign_key_constraints, key=lambda each: str(each.column_keys)):
        above = reference.referred_table
        names = {each.parent.name: each.column.name for each in reference.elements}
        is_required = not any(each.parent.nullable for each in reference.elements)
        if above.info and [*names.values()] == above.primary_key.columns.keys():
            yield is_required, {"parent": [above.name], "parent_key": [*names]}


def _placed_by_name(tables: Sequence[sa.Table]) -> list[sa.Table]:
    """Return the tables, each after its parent: `order_id` names the row of a table of orders."""
    for table in tables:
        for above in tables:
            (*others, key) = above.primary_key.columns.keys()
            named = [
                column.name
                for column in table.columns
                if column.name.endswith(f"_{key}")
                and re.search(
                    f"(^|_){re.escape(column.name.removesuffix(f'_{key}'))}s?$", above.name
                )
            ]
            if above is not table and above.info and named and not others:
                table.info.clear()
                table.info.update({"parent": [above.name], "parent_key": named[:1]})
    return sorted(tables, key=lambda table: "parent" in table.info)


def _of(table: sa.Table, *kinds: type[Any]) -> list[str]:
    return [column.name for column in table.columns if isinstance(column.type, kinds)]


def _written(table: sa.Table) -> Iterator[str]:
    """Yield the lines of a table."""
    key = table.primary_key.columns.keys()
    changed = [name for name in _of(table, sa.DateTime) if CHANGED.search(name)][:1]
    needed = {*key, *changed, *(name for names in table.info.values() for name in names)}
    secret = [
        column.name
        for column in table.columns
        if column.name not in needed
        and (SECRET.search(column.name) or isinstance(column.type, sa.types._Binary))
    ]
    counted = {c.name: c.info["format"] for c in table.columns if "format" in c.info}
    formats = [counted[name] for name in changed if name in counted]
    facts: dict[str, Sequence[str]] = {
        "key": key, "changed_at": changed, "changed_format": formats, **table.info
    }  # fmt: skip
    if table.info:
        facts["money"] = _of(table, sa.Numeric, sa.Float)
    facts["excluded"] = secret
    if PEOPLE.search(table.name) and len(key) == 1:
        personal = [name for name in _of(table, sa.String) if PERSONAL.search(name)]
        facts["person"] = key
        facts["emptied"] = [name for name in personal if name not in (*needed, *secret)]
    yield f"[tables.{json.dumps(table.name, ensure_ascii=False)}]"
    for fact, names in facts.items():
        texts = [json.dumps(name, ensure_ascii=False) for name in names]
        if texts:
            yield f"{fact} = {texts[0] if len(texts) == 1 else '[' + ', '.join(texts) + ']'}"
    if counted:
        yield f"# Not sure: {', '.join(counted)} look like times, counted from 1970."
        moments = [f'{json.dumps(name)} = "moment"' for name in counted if name not in changed]
        if moments:
            yield f"columns = {{{', '.join(moments)}}}"
    yield ""
