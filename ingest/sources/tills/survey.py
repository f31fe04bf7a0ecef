"""A till's tables compared with the raw layer's, before anything is loaded."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ingest.loads import packages
from ingest.loads.raw_tables import indexing
from ingest.sources.tills.connect import RefusedTableError, Till, TillError, cannot_read, refusal
from ingest.sources.tills.declaration import FOLDER, Table
from ingest.sources.tills.landing import NUMBERS, TEXT, common, postgres_name
from ingest.sources.tills.names import raw_name, raw_names
from ingest.sources.tills.tables import AtTill, InRaw
from ingest.warehouse import WarehouseError


def survey(till: Till, raw: InRaw) -> AtTill:
    """Connect to a till and compare its tables with the raw layer's.

    Args:
        till: the till.
        raw: the raw tables that it fills.

    Returns:
        What can be loaded, and what has changed.

    Raises:
        TillError: the till cannot be reached.
    """
    known = packages.known_columns(raw.connection, raw.system.raw, raw.schema_name)
    looked = look(till)
    tables: list[Table] = []
    problems, notes = [*looked.problems], [*looked.notes]
    targets: dict[str, dict[str, str]] = {}
    for table in looked.found:
        if hangs := [each.at_till for each in raw.system.path(table) if not looked.has(each)]:
            problems.append(
                f"{table.at_till} is not loaded either: its rows belong to {hangs[-1]}."
            )
            continue
        wrong = [*unfit(looked, table)]
        try:
            targets[table.name] = _targets(looked, raw, table) | _as_parent(
                looked, raw, table, targets
            )
        except TillError as error:
            wrong.append(str(error))
        problems += wrong
        if not wrong:
            tables.append(table)
            notes += _widened(looked, raw, table, targets[table.name])
        notes += _changed(looked, table, known.get(table.name, set()))
    looked = replace(looked, raw_types=targets)
    return replace(
        looked,
        tables=tuple(tables),
        problems=tuple(problems),
        notes=tuple(notes),
        has_landed=all(
            raw.has(table) and raw.types[table.name].keys() >= looked.types(table).keys()
            for table in tables
        ),
    )


def look(till: Till) -> AtTill:
    """Return what a till has of the declared tables, without a look at the raw layer.

    Raises:
        TillError: the till cannot be reached.
    """
    found: dict[Table, sa.FromClause] = {}
    problems: list[str] = []
    try:
        with till.engine.connect() as connection, warnings.catch_warnings():
            # of types that SQLAlchemy does not know: they land as text
            warnings.simplefilter("ignore", sa.exc.SAWarning)
            now: Any = connection.execute(sa.select(till.dialect.now())).scalar_one()
            for table, rows in _reflected(till, connection):
                if rows is None:
                    problems.append(f"The till of {till.part} has no table {table.at_till}.")
                elif refused := _refused(till, connection, table, rows):
                    problems.append(str(refused))
                else:
                    found[table] = rows
    except WarehouseError:
        raise
    except Exception as error:  # a driver raises more than its own, for example for a login
        raise TillError(cannot_read(error, till)) from None
    now = datetime.fromisoformat(now) if isinstance(now, str) else now
    now = now.astimezone(UTC) if now.tzinfo else now.replace(tzinfo=UTC)
    return AtTill(
        system=till.system, dialect=till.dialect, till=till, now=now, found=found,
        problems=tuple(problems),
    )  # fmt: skip


def _reflected(
    till: Till, connection: sa.Connection
) -> Iterator[tuple[Table, sa.FromClause | None]]:
    """Yield the declared tables, each as the till has it, if it has it."""
    schemas: dict[str | None, dict[str, list[sa.Column[Any]]]] = {}
    for table in till.system.tables:
        schema = table.schema_name or till.schema
        if table.query:
            yield table, _of_query(till, table, schema)
            continue
        if schema not in schemas:
            schemas[schema] = till.dialect.columns(connection, schema)
        there = schemas[schema]
        similar = {raw_name(name): name for name in reversed(there)}
        name = table.at_till if table.at_till in there else similar.get(table.name)
        yield table, _as_raw(till, table, name, schema, there[name]) if name else None


def _as_raw(
    till: Till, table: Table, name: str, schema: str | None, columns: list[sa.Column[Any]]
) -> sa.FromClause:
    """Return a till's table: its columns by their names in the raw layer, no time as a number."""
    names = raw_names(
        sorted((column.name for column in columns), key=lambda known: raw_name(known) != known),
        till.system.own_columns,
    )
    kept = (
        sa.Column(column.name, column.type, key=names[column.name], nullable=column.nullable)
        for column in columns
        if names[column.name] not in table.excluded
    )
    rows = sa.Table(name, sa.MetaData(), *kept, schema=schema)
    times = {
        key: till.dialect.moment_of(column).label(key)
        for key, column in rows.c.items()
        if table.columns.get(key) == "moment" and isinstance(column.type, sa.Integer | sa.Numeric)
    }
    if not times:
        return rows
    return sa.select(*(times.get(key, column) for key, column in rows.c.items())).subquery(name)


def _of_query(till: Till, table: Table, schema: str | None) -> sa.FromClause:
    """Return a declared query's rows: its tables are those of the schema."""
    text = (FOLDER / str(table.query)).read_text(encoding="utf-8")
    if schema:
        prefix = till.dialect.compiler.identifier_preparer.quote_schema(schema)
        names = "|".join(re.escape(each.at_till) for each in till.system.tables if not each.query)
        place = rf"(?i)\b(from|join)\s+(?=({names})\b)"
        text = re.sub(place, lambda found: f"{found[0]}{prefix}.", text)
    kinds: dict[str, Any] = {"moment": sa.DateTime(), "date": sa.Date(), "boolean": sa.Boolean()}
    columns = [sa.column(name, kinds.get(kind)) for name, kind in table.columns.items()]
    return sa.text(text.replace(":", r"\:")).columns(*columns).subquery(table.name)


def _refused(
    till: Till, connection: sa.Connection, table: Table, rows: sa.FromClause
) -> TillError | None:
    """Return why a table cannot be read: asked for no row of all its columns."""
    try:
        connection.execute(sa.select(*rows.columns).where(sa.false()))
    except sa.exc.DBAPIError as error:
        connection.rollback()
        refused = refusal(error, till, table)
        if not isinstance(refused, RefusedTableError):
            raise
        return refused
    return None


def unfit(looked: AtTill, table: Table) -> Iterator[str]:
    """Yield what keeps a table from being loaded: columns that it lacks, or that are no cursor.

    Args:
        looked: the till's side.
        table: the table.
    """
    part, file = looked.till.part, f"systems/{looked.system.name}.toml"
    there = looked.found[table].c
    missing = [name for name in table.needed if name not in there]
    for name in missing:
        yield (
            f"The till of {part} has no column {table.name}.{name}, which loading needs: the table "
            f"is not loaded. Correct it in {file}."
        )
    cursor, written = table.changed_at, table.changed_format
    if not cursor or cursor in missing:
        return
    kind = looked.kind(table, cursor)
    if written and written.startswith("epoch"):
        fits = kind in NUMBERS
    else:
        fits = (kind == TEXT) == bool(written)
    if not fits:
        yield (
            f"{table.name}.{cursor} of the till of {part} is {there[cursor].type}, and "
            f"{f'changed_format is {written!r}' if written else 'has no changed_format'}: the "
            f"table is not loaded. Correct changed_format in {file}, or leave changed_at out."
        )


def _targets(looked: AtTill, raw: InRaw, table: Table) -> dict[str, str]:
    """Return the type in which each column lands that the raw table has already.

    Raises:
        TillError: no type holds what the raw table has and what the till has now.
    """
    found: dict[str, str] = {}
    for name, arrow_type in looked.types(table).items() if raw.has(table) else ():
        here, there = raw.kind(table, name), postgres_name(arrow_type)
        if here is None:
            continue
        target = common(here, there, is_money=table.is_money(name))
        is_placed = name in (table.business_time, table.changed_at)
        if target is None or (is_placed and there == TEXT and target != TEXT):
            raise TillError(
                f"The column {table.name}.{name} of the till of {looked.till.part} has changed "
                f"its type: it is {looked.found[table].c[name].type} there and would land as "
                f"{there}, but {raw.system.raw}.{table.name} has {here}. The table is not loaded "
                f"until both agree."
            )
        found[name] = target
    return found


def _as_parent(
    looked: AtTill, raw: InRaw, table: Table, targets: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Return which columns land as the parent's key does that they name: as text or as a number.

    Many programs write an unsigned key and refer to it by an int, or an int and refer to it by a
    text. A raw column that is a text already stays one.
    """
    if not table.parent:
        return {}
    parent = looked.system.table(table.parent)
    found: dict[str, str] = {}
    for name, key in zip(table.parent_key, parent.key, strict=True):
        above = targets.get(parent.name, {}).get(key) or str(looked.kind(parent, key))
        here = raw.kind(table, name) if raw.has(table) else None
        is_text = looked.kind(table, name) == TEXT and here != TEXT
        if above == TEXT or (above in NUMBERS and is_text):
            found[name] = above
    return found


def _widened(looked: AtTill, raw: InRaw, table: Table, targets: Mapping[str, str]) -> Iterator[str]:
    """Widen a raw table's columns to the types in which they land, and yield what was widened."""
    for name, target in targets.items():
        here = raw.kind(table, name) if raw.has(table) else None
        if here not in (None, target):
            kinds = str(here), target
            packages.retype(raw.connection, raw.system.raw, table.name, name, kinds)
            if name in table.key:  # merging relies on it
                key = [raw.system.till_column, *table.key]
                raw.connection.execute(
                    indexing(raw.system.raw, table.name, "key", key, is_unique=True)
                )
            yield (
                f"The column {table.name}.{name} of the till of {looked.till.part} is "
                f"{looked.found[table].c[name].type} now: {raw.system.raw}.{table.name} has it as "
                f"{target}, no longer as {here}."
            )


def _changed(looked: AtTill, table: Table, known: set[str]) -> Iterator[str]:
    """Yield what has changed since this till's last load, and does not hinder."""
    if not known:
        return
    types, part = looked.types(table), looked.till.part
    for name, kind in types.items():
        if name not in known:
            yield f"New column {table.name}.{name} ({postgres_name(kind)}) at {part}."
    for name in sorted(known.difference(types, looked.system.own_columns, table.excluded)):
        yield f"The column {table.name}.{name} no longer exists at {part}: it lands as null."
