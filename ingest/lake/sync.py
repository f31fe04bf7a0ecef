"""Brings the lake up to the warehouse, table by table, each in one commit.

Raw rows come by load: of each key that a load after the newest known one has brought, the lake's
row goes, and the new one comes. Then rows are counted on both sides by the month of their load; a
month that differs (a row was deleted, taken back, erased) is written anew. So a sync that was
killed anywhere is made good by the next one. Where someone was erased since, or with `everything`,
the months' hashes are compared, too. What has no loads or no key (history, seeds, audit, published
marts) is written whole, if it has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from pyiceberg.exceptions import NoSuchTableError, ValidationError
from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    EqualTo,
    GreaterThanOrEqual,
    In,
    LessThanOrEqual,
)
from pyiceberg.transforms import IdentityTransform

from ingest.lake.relations import (
    HASH,
    KEY,
    LOAD,
    MONTH,
    SESSION,
    STATEMENTS,
    Relation,
    read,
    relations,
)
from ingest.loads.source import Connection
from ingest.warehouse import LOADER, Warehouse

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table, Transaction

MARK = "mypizza.mark"
"""The property of a table that says up to what it is copied; set in the commit of the rows."""

ERASURES = "mypizza.erasures"
"""The property that says how many erasures its rows have followed."""

MOST_KEYS = 300_000
"""With more changed keys than this, a table is written whole: looking them up would cost more."""

PROPERTIES = {
    # the bounds of each column are in files of their own, which an erasure would not reach
    "write.metadata.metrics.default": "none",
    f"write.metadata.metrics.column.{KEY}": "full",
    f"write.metadata.metrics.column.{MONTH}": "full",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "10",
}

Months = Mapping[str, tuple[int, int | None]]
"""Rows, and the sum of their hashes, by month."""


@dataclass(frozen=True)
class Synced:
    """What a sync did with a table.

    Attributes:
        schema: the table's schema.
        table: its name.
        row_count: its rows in the lake now.
        copied: rows that were written.
        differing: the months that still differ from the warehouse.
    """

    schema: str
    table: str
    row_count: int
    copied: int
    differing: tuple[str, ...] = ()


def sync(
    warehouse: Warehouse,
    catalog: SqlCatalog,
    raws: Iterable[str],
    *,
    everything: bool = False,
) -> Iterator[Synced]:
    """Bring the lake up to the warehouse.

    Args:
        warehouse: the warehouse; the caller holds its lock.
        catalog: the lake's catalog.
        raws: the raw schemas.
        everything: compare each row, and not only how many there are.

    Yields:
        What was done with each table.
    """
    raws = list(raws)
    with warehouse.connect(name="mypizza lake", options=SESSION) as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(LOADER)))
        connection.execute(STATEMENTS("tables"))
        connection.execute("reset role")
        found = relations(connection, [*raws, "snapshots", "audit", "marts"])
        for relation in found:
            if (relation.schema, relation.name) != ("audit", "lake_tables"):
                done = _Copy(warehouse, connection, catalog, relation, everything).bring()
                connection.execute(
                    STATEMENTS("record"),
                    {"schema": done.schema, "table": done.table, "rows": done.row_count,
                     "months": list(done.differing)},
                )  # fmt: skip
                yield done


class _Copy:
    """One table on its way into the lake."""

    def __init__(
        self,
        warehouse: Warehouse,
        connection: Connection,
        catalog: SqlCatalog,
        relation: Relation,
        everything: bool,
    ) -> None:
        self.warehouse, self.connection, self.relation = warehouse, connection, relation
        self.table, is_widened = _table(catalog, relation)
        self.everything = everything or is_widened
        self.copied = 0

    def bring(self) -> Synced:
        """Bring it up to date, and return what that took."""
        differing: list[str] = []
        if self.relation.goes_by_load:
            differing = self._by_load()
        elif (mark := self._mark()) != self.table.properties.get(MARK):
            self._write(sql.SQL("true"), AlwaysTrue(), {MARK: mark})
        snapshot = self.table.current_snapshot()
        rows = int(snapshot.summary["total-records"] or 0) if snapshot and snapshot.summary else 0
        return Synced(self.relation.schema, self.relation.name, rows, self.copied, tuple(differing))

    def _mark(self) -> str:
        """Return what changes when a table that is written whole has changed."""
        query = "select count(*), sum({}) from {} as records"
        if self.relation.schema == "marts":
            query = "select obj_description(to_regnamespace('marts'), 'pg_namespace')"
        statement = sql.SQL(query).format(self.relation.hash, self.relation.identifier)
        return json.dumps(self.connection.execute(statement).fetchone(), default=str)

    def _by_load(self) -> list[str]:
        """Bring a table by its loads, and return the months that differ afterwards."""
        query = sql.SQL("select max({}) from {}").format(
            sql.Identifier(LOAD), self.relation.identifier
        )
        ((newest,),) = self.connection.execute(query).fetchall()
        if newest is None and self.table.current_snapshot() is None:
            return []
        until = sql.SQL("records.{} <= {}").format(sql.Identifier(LOAD), sql.Literal(newest or ""))
        known = self.table.properties.get(MARK)
        erased = self._erasures()
        if known is None:
            self._write(until, AlwaysTrue(), {MARK: newest or "", ERASURES: erased})
        elif newest and newest > known:
            since = sql.SQL("{} and records.{} > {}").format(
                until, sql.Identifier(LOAD), sql.Literal(known)
            )
            self._merge(since, until, {MARK: newest})
        with_hash = self.everything or self.table.properties.get(ERASURES) != erased
        differing = self._differing(until, with_hash=with_hash)
        for month in differing:
            of_month = sql.SQL("{} and {} = {}").format(
                until, self.relation.month, sql.Literal(month)
            )
            self._write(of_month, EqualTo(MONTH, month), {})
        if with_hash:
            with self.table.transaction() as transaction:
                transaction.set_properties({ERASURES: erased})
        return self._differing(until, with_hash=with_hash) if differing else []

    def _erasures(self) -> str:
        """Return what changes when somebody is erased."""
        ((exists,),) = self.connection.execute(
            "select to_regclass('audit.erasures') is not null"
        ).fetchall()
        if not exists:
            return "0"
        return str(self.connection.execute("select count(*) from audit.erasures").fetchone())

    def _merge(
        self, since: sql.Composable, until: sql.Composable, properties: dict[str, str]
    ) -> None:
        """Replace the rows whose keys have come again."""
        counting = sql.SQL("select count(*) from {} as records where {}").format(
            self.relation.identifier, since
        )
        ((changed,),) = self.connection.execute(counting).fetchall()
        if changed > MOST_KEYS:
            self._write(until, AlwaysTrue(), properties)
            return
        pieces = list(self._rows(since))
        keys = [key for piece in pieces for key in piece[KEY].to_pylist()]
        with self.table.transaction() as transaction:
            if keys:
                among = And(GreaterThanOrEqual(KEY, min(keys)), LessThanOrEqual(KEY, max(keys)))
                transaction.delete(And(among, In(KEY, keys)))
            self._append(transaction, pieces)
            transaction.set_properties(properties)

    def _write(
        self, condition: sql.Composable, instead_of: Any, properties: dict[str, str]
    ) -> None:
        """Write the rows of a condition instead of some of the lake's, in one commit."""
        with self.table.transaction() as transaction:
            if self.table.current_snapshot() is not None:
                transaction.delete(instead_of)
            self._append(transaction, self._rows(condition))
            if properties:
                transaction.set_properties(properties)

    def _append(self, transaction: Transaction, pieces: Iterable[pa.Table]) -> None:
        for piece in pieces:
            transaction.append(piece)
            self.copied += piece.num_rows

    def _rows(self, condition: sql.Composable) -> Iterator[pa.Table]:
        query = self.relation.select(condition).as_string(self.connection)
        return read(self.warehouse, self.relation, query)

    def _differing(self, until: sql.Composable, *, with_hash: bool) -> list[str]:
        """Return the months of which warehouse and lake have other rows."""
        rows = self.connection.execute(
            STATEMENTS(
                "months",
                month=self.relation.month,
                hash=self.relation.hash if with_hash else sql.SQL("0"),
                records=sql.SQL("{} as records").format(self.relation.identifier),
                condition=until,
            )
        ).fetchall()
        here: Months = {month: (count, int(total)) for month, count, total in rows}
        there = self._in_lake(with_hash=with_hash)
        return sorted(month for month in {*here, *there} if here.get(month) != there.get(month))

    def _in_lake(self, *, with_hash: bool) -> Months:
        if self.table.current_snapshot() is None:
            return {}
        columns = (MONTH, HASH) if with_hash else (MONTH,)
        found: dict[str, tuple[int, int]] = {}
        for batch in self.table.scan(selected_fields=columns).to_arrow_batch_reader():
            for counted in pc.value_counts(batch[MONTH].cast(pa.string())).to_pylist():
                month = counted["values"]
                total = 0
                if with_hash:
                    hashes = batch[HASH].filter(pc.equal(batch[MONTH].cast(pa.string()), month))
                    # a sum of 64 bits would overflow
                    total = int(pc.sum(hashes.cast(pa.decimal128(38, 0))).as_py() or 0)
                rows, before = found.get(month, (0, 0))
                found[month] = (rows + counted["counts"], before + total)
        return found


def _table(catalog: SqlCatalog, relation: Relation) -> tuple[Table, bool]:
    """Return the lake's table with the columns of today, and whether it has got new ones.

    Where a column has another type now, or the lake is elsewhere, the table is made anew.
    """
    identifier = (relation.schema, relation.name)
    try:
        table = catalog.load_table(identifier)
    except NoSuchTableError:
        return _made(catalog, relation), False
    if not table.location().startswith(f"{catalog.properties['warehouse']}/"):
        catalog.drop_table(identifier)
        return _made(catalog, relation), False
    known = table.schema()
    try:
        with table.update_schema() as update:
            update.union_by_name(relation.arrow)
    except (ValidationError, ValueError):
        catalog.purge_table(identifier)
        return _made(catalog, relation), False
    return table, table.schema() != known


def _made(catalog: SqlCatalog, relation: Relation) -> Table:
    catalog.create_namespace_if_not_exists((relation.schema,))
    identifier = (relation.schema, relation.name)
    with catalog.create_table_transaction(
        identifier, schema=relation.arrow, properties=PROPERTIES
    ) as transaction:
        if relation.goes_by_load:
            with transaction.update_spec() as spec:
                spec.add_field(MONTH, IdentityTransform(), f"{MONTH}_part")
    return catalog.load_table(identifier)
