"""Create a till's tables from its facts, `data/<system>.tsv`, and write rows into them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg

Row = dict[str, Any]

DATA = Path(__file__).parent / "data"
BATCH = 5_000
"""Orders that wait in memory before their rows are written.

200,000 tickets take a minute on Postgres, and two on MariaDB with a buffer pool of 1 GB; its usual
pool of 128 MB takes four.
"""

NEUTRAL: dict[str, Any] = {
    "boolean": False, "integer": 0, "double precision": 0.0, "numeric": 0, "character varying": "",
    "int": 0, "tinyint": 0, "decimal": 0, "varchar": "", "text": "",
}  # fmt: skip
"""What master data has in a column that must have a value and does not matter here."""

MARIADB_TYPES = {
    # The types of the MySQL edition of uniCenta. The facts show those of Postgres only.
    "character varying": "varchar(255)",
    "timestamp without time zone": "datetime",
    "double precision": "double",
    "boolean": "bit(1)",
    "bytea": "mediumblob",
    "integer": "int",
    # A timestamp without a default of its own would be set anew at every update.
    "timestamp": "timestamp default current_timestamp",
}


@dataclass(frozen=True)
class Column:
    """A column as the facts name it."""

    table: str
    name: str
    type: str
    nullable: bool
    key: str


@cache
def facts(system: str) -> dict[str, list[Column]]:
    """Return the columns of a system's tables, in their order, by table."""
    tables: dict[str, list[Column]] = defaultdict(list)
    with (DATA / f"{system}.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            tables[row["table"]].append(
                Column(
                    row["table"], row["column"], row["type"], row["nullable"] == "YES", row["key"]
                )
            )
    return dict(tables)


class Till:
    """A till's database, with an open connection."""

    def __init__(self, connection: Any, system: str) -> None:
        """Speak as the system's server does.

        Args:
            connection: of psycopg or PyMySQL.
            system: `unicenta`, `odoo` or `ospos`.
        """
        self.connection = connection
        self.columns = facts(system)
        self.is_mariadb = not isinstance(connection, psycopg.Connection)
        if self.is_mariadb:
            # The facts: OSPOS' server runs in UTC. Both programs run without the strict mode.
            self.execute("set time_zone = '+00:00', sql_mode = ''")

    def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run one statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def execute_many(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each sequence of values."""
        if values:
            with self.connection.cursor() as cursor:
                cursor.executemany(statement, values)

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a query, and return its rows by column."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def value(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Run a query, and return the first column of its first row."""
        return next(iter(self.query(statement, values)[0].values()))

    def next_id(self, table: str, column: str = "id") -> int:
        """Return the number after the highest one of a column."""
        return int(self.value(f"select coalesce(max({column}), 0) + 1 from {table}"))

    def create(self) -> None:
        """Create the tables, with the keys that the facts name."""
        for table, columns in self.columns.items():
            parts = [self._definition(column) for column in columns]
            key = [column.name for column in columns if column.key.startswith(("pk", "pri"))]
            parts.append(f"primary key ({', '.join(key)})") if key else None
            parts += [f"unique ({column.name})" for column in columns if column.key == "uni"]
            self.execute(f"create table {table} ({', '.join(parts)})")
        for column in self._all():
            _, _, parent = column.key.partition("fk->")
            if parent in self.columns:
                self.execute(
                    f"alter table {column.table} add constraint {column.table}_{column.name}_fkey"
                    f" foreign key ({column.name})"
                    f" references {parent} ({self.columns[parent][0].name})"
                )
            if column.key == "mul":
                self.execute(f"create index {column.name} on {column.table} ({column.name})")
        self.connection.commit()

    def _all(self) -> Iterator[Column]:
        for columns in self.columns.values():
            yield from columns

    def _definition(self, column: Column) -> str:
        kind = MARIADB_TYPES.get(column.type, column.type) if self.is_mariadb else column.type
        if column.type == "timestamp" and column.nullable:
            kind = "timestamp null"
        return f"{column.name} {kind}{'' if column.nullable else ' not null'}"

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Write rows; columns that they lack stay empty."""
        for names, some in groupby(rows, key=tuple):
            columns = ", ".join(names)
            if self.is_mariadb:
                places = ", ".join(["%s"] * len(names))
                with self.connection.cursor() as cursor:
                    cursor.executemany(
                        f"insert into {table} ({columns}) values ({places})",
                        [tuple(row.values()) for row in some],
                    )
            else:
                with (
                    self.connection.cursor() as cursor,
                    cursor.copy(f"copy {table} ({columns}) from stdin") as copy,
                ):
                    for row in some:
                        copy.write_row(tuple(row.values()))

    def insert_masters(self, table: str, rows: Iterable[Row]) -> None:
        """Write rows whose lacking columns must have a value and do not matter here."""
        neutral = {
            column.name: NEUTRAL[column.type.partition("(")[0]]
            for column in self.columns[table]
            if not column.nullable and column.type.partition("(")[0] in NEUTRAL
        }
        self.insert(table, [{**neutral, **row} for row in rows])

    def drop_parent(self, table: str, column: str) -> None:
        """Take away a column's foreign key, as a careless restore does."""
        self.execute(f"alter table {table} drop constraint {table}_{column}_fkey")

    def let_be_null(self, table: str, column: str) -> None:
        """Take away a column's `not null`, as a careless migration does."""
        found = next(one for one in self.columns[table] if one.name == column)
        if self.is_mariadb:
            kind = MARIADB_TYPES.get(found.type, found.type)
            self.execute(f"alter table {table} modify {column} {kind} null")
        else:
            self.execute(f"alter table {table} alter column {column} drop not null")


class Batch:
    """Rows that wait to be written, parents first."""

    def __init__(self, till: Till, tables: Sequence[str]) -> None:
        """Write into these tables, in this order."""
        self.till = till
        self.rows: dict[str, list[Row]] = {table: [] for table in tables}
        self.updates: list[tuple[str, Sequence[Any]]] = []

    def add(self, table: str, row: Row) -> Row:
        """Let a row wait, and return it: it can still be changed until it is written."""
        self.rows[table].append(row)
        return row

    def update(self, statement: str, values: Sequence[Any]) -> None:
        """Let a statement wait; it runs after the rows are written."""
        self.updates.append((statement, values))

    def write_if_large(self) -> None:
        """Write what waits, if it is much."""
        if len(next(iter(self.rows.values()))) >= BATCH:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        for table, rows in self.rows.items():
            self.till.insert(table, rows)
            rows.clear()
        self.updates.sort(key=lambda update: update[0])
        for statement, some in groupby(self.updates, key=lambda update: update[0]):
            self.till.execute_many(statement, [values for _, values in some])
        self.updates.clear()
        self.till.connection.commit()
