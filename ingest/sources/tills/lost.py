"""What a till no longer has, or never brought: found before and after a heal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from ingest.loads.raw_tables import exists
from ingest.loads.statements import Statements
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.figures import hash_of, shared
from ingest.sources.tills.landing import TIMES, raw_type
from ingest.sources.tills.tables import AtTill, Condition, InRaw, Key, Keys, Side
from ingest.sources.tills.window import HealWindow

STATEMENTS = Statements(__file__)
KEYS_PER_QUERY = 5_000


def not_read_again(raw: InRaw, table: Table, window: HealWindow, staged: str) -> list[Key]:
    """Return the keys of a window's rows that the heal did not bring again.

    Args:
        raw: the till's raw tables.
        table: the table.
        window: the window.
        staged: the temporary table with the rows that it brought.
    """
    rows = raw.rows(table)
    brought = sa.table(staged, *map(sa.column, table.key))
    query = sa.select(*(rows.c[name] for name in table.key)).where(
        raw.alive(rows),
        window.condition(raw, table, rows),
        ~sa.exists().where(*(rows.c[name] == brought.c[name] for name in table.key)),
    )
    return sorted(raw.fetch(query), key=str)


def roots_of(till: AtTill, table: Table, keys: Sequence[Key]) -> dict[Key, Key | None]:
    """Return, of some keys, those that the till still has, with the row that dates each."""
    found: dict[Key, Key | None] = {}
    if not keys:
        return found
    joined, path = till.with_parents(table, is_outer=True)
    root_table = till.system.root_of(table)
    columns = till.key(table, path[0])
    size = len(columns)
    with till.till.engine.connect() as connection:
        for some in chunks(keys):
            query = (
                sa.select(
                    *_numbered(columns), *_numbered(till.key(root_table, path[-1]), since=size)
                )
                .select_from(joined)
                .where(till.keyed(table, path[0], some))
            )
            with till.asking(table):
                rows = connection.execute(query).all()
            for row in rows:
                root = tuple(row[size:])
                found[tuple(row[:size])] = None if None in root else root
    return found


def chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Yield some keys of many, as many as go into one query."""
    for start in range(0, len(keys), KEYS_PER_QUERY):
        yield keys[start : start + KEYS_PER_QUERY]


def _numbered(columns: Sequence[Any], since: int = 0) -> Iterator[sa.Label[Any]]:
    for number, column in enumerate(columns, start=since):
        yield column.label(f"key_{number}")


def incomplete_tables(till: AtTill, raw: InRaw) -> Iterator[str]:
    """Yield the tables without business dates that are not those of the till.

    Where a time says what has changed, their keys are compared: a product whose row commits late
    is missed by its cursor, and no day would show it. Otherwise all of them is compared: a key that
    grows says nothing of what is edited.

    Args:
        till: the till.
        raw: its raw tables.
    """
    people = raw.connection.execute(
        "select customer_id from audit.erasures where branch_id = any(%s)", [list(raw.branch_ids)]
    )
    erased = [person for (person,) in people]
    with till.till.engine.connect() as connection:
        for table in till.tables:
            if table.belongs_to_a_day or not raw.has(table):
                continue
            kinds, hidden = shared(till, raw, table, with_personal=True), erased
            if table.changed_format or raw.kind(table, str(table.changed_at)) in TIMES:
                kinds, hidden = {name: kinds[name] for name in kinds if name in table.key}, []
            with till.asking(table):
                at_till = connection.execute(_whole(till, table, kinds, hidden)).one()
            (in_raw,) = raw.fetch(_whole(raw, table, kinds, hidden))
            if [int(value or 0) for value in at_till] != [int(value or 0) for value in in_raw]:
                yield table.name


def _whole(
    side: Side, table: Table, kinds: Mapping[str, str], erased: Sequence[str]
) -> sa.Select[Any]:
    """Return the query of a whole table's count and hash, without people who were erased."""
    rows = side.rows(table)
    others: Condition = sa.true()
    if erased and table.person and table.person in rows.c:
        others = sa.cast(rows.c[table.person], sa.Text).not_in(erased)
    return sa.select(
        sa.func.count().label("found"), hash_of(side, table, rows, kinds).label("hash")
    ).where(side.alive(rows), others).select_from(rows)  # fmt: skip


def orphans_new(till: AtTill, raw: InRaw, *, is_sweep: bool) -> dict[str, tuple[Key, ...]]:
    """Return the keys of rows without a parent that the raw layer lacks, by table.

    They are on no business date, so no comparison shows them. A row whose parent the till deleted
    went with it, and is not asked for again.

    Args:
        till: the till.
        raw: its raw tables.
        is_sweep: search all tables. Otherwise only those without a change column are searched, and
            only where the till has more rows than the raw layer: counting costs a tenth.
    """
    new: dict[str, tuple[Key, ...]] = {}
    for table in till.tables:
        path = till.system.path(table)
        if not (table.parent and all(raw.has(each) and till.has(each) for each in path)):
            continue
        if not is_sweep and (table.changed_at or not _has_more(till, raw, table)):
            continue
        joined, found = till.with_parents(table, is_outer=True)
        root_key = path[-1].key[0]
        query = (
            sa.select(*_numbered(till.key(table, found[0])))
            .select_from(joined)
            .where(found[-1].c[root_key].is_(None))
        )
        with till.asking(table), till.till.engine.connect() as connection:
            # what lacks a part of its key never comes in
            keys = [tuple(row) for row in connection.execute(query) if None not in row]
        known = {key for some in chunks(keys) for key in _accounted_for(raw, table, some)}
        if lacking := tuple(key for key in keys if key not in known):
            new[table.name] = lacking
    return new


def _has_more(till: AtTill, raw: InRaw, table: Table) -> bool:
    rows = raw.rows(table)
    counted = sa.select(sa.func.count())
    ((known,),) = raw.fetch(counted.select_from(rows).where(raw.alive(rows)))
    with till.asking(table), till.till.engine.connect() as connection:
        return bool(connection.execute(counted.select_from(till.rows(table))).scalar_one() > known)


def _accounted_for(raw: InRaw, table: Table, keys: Sequence[Key]) -> list[Key]:
    """Return, of some keys, those of rows that are there, or went with their parent."""
    rows, above = raw.rows(table), raw.rows(raw.system.table(str(table.parent)), "above")
    went = sa.exists().where(_names_deleted(raw, table, rows, above))
    query = sa.select(*(rows.c[name] for name in table.key)).where(
        raw.of_till(rows), raw.keyed(table, rows, keys), rows.c._deleted_at.is_(None) | went
    )
    return raw.fetch(query)


def _names_deleted(
    raw: InRaw, table: Table, rows: sa.FromClause, above: sa.FromClause
) -> Condition:
    """Return the condition that rows name a parent that is marked as deleted."""
    return sa.and_(above.c._deleted_at.is_not(None), raw.belongs(table, rows, above))


def orphans_gone(till: AtTill, raw: InRaw) -> Keys:
    """Return the keys of rows that went with their parent, or without one, by table.

    They are on no business date, so no comparison shows that they are gone. Those of a deleted
    parent go with it, whatever the till keeps of them; those whose parent never came wait in the
    quarantine, and are looked up at the till.

    Args:
        till: the till.
        raw: its raw tables.
    """
    gone: Keys = {}
    has_quarantine = exists(raw.connection, "audit.quarantine")
    for table in raw.system.tables:
        if not table.parent or not (raw.has(table) and raw.has(raw.system.table(table.parent))):
            continue
        parent = raw.system.table(table.parent)
        rows, above = raw.rows(table), raw.rows(parent, "above")
        query = sa.select(*(rows.c[name] for name in table.key)).where(
            raw.alive(rows), _names_deleted(raw, table, rows, above)
        )
        lost = raw.fetch(query)
        if has_quarantine and table in till.tables:
            waiting = _waiting(raw, table, parent)
            found = roots_of(till, table, waiting)
            lost += [key for key in waiting if key not in found]
        if lost:
            gone[table] = lost
    return gone


def _waiting(raw: InRaw, table: Table, parent: Table) -> list[Key]:
    """Return the keys of rows in quarantine whose parent never came."""
    held = sa.table(
        "quarantine",
        *map(sa.column, ("source_name", "table_name", "raw_record", "released_at")),
        schema="audit",
    )
    record = sa.cast(held.c.raw_record, sa.dialects.postgresql.JSONB)

    def value(name: str) -> sa.ColumnElement[Any]:
        return sa.cast(record[name].astext, raw_type(raw.types[table.name][name]))

    above = raw.rows(parent, "above")
    parents = zip(parent.key, table.parent_key, strict=True)
    query = sa.select(*(value(name) for name in table.key)).where(
        held.c.source_name == raw.system.source,
        held.c.table_name == table.name,
        record[raw.system.till_column].astext == raw.till_id,
        held.c.released_at.is_(None),
        ~sa.exists().where(
            raw.of_till(above), *(above.c[one] == value(other) for one, other in parents)
        ),
    )
    return raw.fetch(query)


def take_back(raw: InRaw) -> None:
    """Delete what first loads that were cut short left of a till.

    Args:
        raw: the till's raw tables.
    """
    with raw.connection.transaction():
        for table in filter(raw.has, raw.system.tables):
            # The lock waits for a copy that outlives its killed client.
            raw.connection.execute(
                sql.SQL("lock {} in share row exclusive mode").format(raw.name(table))
            )
            statement = STATEMENTS("take_back", raw=raw.name(table), till=raw.system.till_column)
            raw.connection.execute(statement, {"till": raw.till_id})
