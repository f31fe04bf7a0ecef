"""Rigs for the conformance test: for each source a real system that can be changed at will."""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import bson
import pytest

from ingest.loads.source import Source
from ingest.sources.documents.source import DOCUMENTS
from ingest.sources.documents.text import text_of
from ingest.sources.files.source import FILES
from ingest.sources.streams.source import STREAMS
from ingest.sources.tills.source import MYPIZZA
from ingest.sources.web.social import SOCIAL
from ingest.sources.web.tickets import TICKETS
from ingest.warehouse import Warehouse
from sample.web import Server
from tests.python.kafka import Mock

State = dict[str, dict[Any, str]]
"""By table, the rows that are there: a text that tells their version, by key."""


class Rig(Protocol):
    """A source, and a system of its kind that really runs."""

    @property
    def source(self) -> Source:
        """The source under test."""

    def at_source(self) -> State:
        """Return what the system has."""

    def in_raw(self) -> State:
        """Return what the raw layer has, without what is marked as deleted."""

    def change(self) -> None:
        """Change one record, and add another one where that is how the system changes."""

    def add_column(self) -> tuple[str, str] | None:
        """Add a column to a record, and return its table and name in the raw layer.

        None where records land whole, as text: then no column is new.
        """

    def delete(self) -> None:
        """Delete one record at the source."""

    def empty(self) -> None:
        """Take all records away, before anything was loaded."""


def rows_of(warehouse: Warehouse, statement: str) -> dict[Any, str]:
    """Return the first column of a query as keys of the second."""
    with warehouse.connect() as connection:
        return dict(connection.execute(statement.encode()).fetchall())


@dataclass
class TillRig:
    """A till of the sample's system, in a database of its own."""

    warehouse: Warehouse
    database: str
    source: Source = MYPIZZA
    keys: Mapping[str, str] = None  # type: ignore[assignment]  # set below

    def __post_init__(self) -> None:
        """Take the tables' keys from the declaration."""
        self.keys = {table.name: table.key[0] for table in MYPIZZA.system.tables}

    def _till(self, statement: str) -> None:
        with self.warehouse.connect(self.database) as connection:
            connection.execute(statement.encode())

    def at_source(self) -> State:
        """Return the till's rows."""
        with self.warehouse.connect(self.database) as connection:
            return {
                table: dict(
                    connection.execute(
                        f"select {key}, (updated_at at time zone 'UTC')::text from {table}".encode()
                    ).fetchall()
                )
                for table, key in self.keys.items()
            }

    def in_raw(self) -> State:
        """Return the raw rows of the till."""
        return {
            table: rows_of(
                self.warehouse,
                f"select {key}, (updated_at at time zone 'UTC')::text from raw_pos.{table}"
                " where _deleted_at is null",
            )
            for table, key in self.keys.items()
        }

    def change(self) -> None:
        """Give an order a note."""
        self._till("update orders set note = 'changed', updated_at = now() where order_id = 3")

    def add_column(self) -> tuple[str, str]:
        """Let orders have a table number."""
        self._till(
            "alter table orders add column table_number integer;"
            " update orders set table_number = 7, updated_at = now() where order_id = 4"
        )
        return "orders", "table_number"

    def delete(self) -> None:
        """Delete the newest order line for good."""
        self._till(
            "delete from order_lines"
            " where order_line_id = (select max(order_line_id) from order_lines)"
        )

    def empty(self) -> None:
        """Empty every table."""
        self._till(f"truncate {', '.join(self.keys)}")


@dataclass
class FileRig:
    """A bucket with stock counts of two nights."""

    warehouse: Warehouse
    bucket: Path
    source: Source = FILES

    HEADER = ("ingredient", "counted_quantity", "unit", "note")

    def __post_init__(self) -> None:
        """Write the first files."""
        for night in ("2015-12-30", "2015-12-31"):
            self._write(
                night, [(night, f"flour_{number}", str(number), "kg") for number in range(9)]
            )

    def _file(self, night: str) -> Path:
        file = self.bucket / "stock" / "counts" / "quito" / f"{night}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _write(
        self, night: str, rows: list[tuple[str, ...]], header: tuple[str, ...] = HEADER
    ) -> None:
        with self._file(night).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])

    def _rows(self, night: str) -> list[tuple[str, ...]]:
        with self._file(night).open(encoding="utf-8", newline="") as file:
            return [tuple(row) for row in csv.reader(file)][1:]

    def at_source(self) -> State:
        """Return the files' lines, by file and number."""
        return {
            "stock_counts": {
                f"{night}:{number}": "|".join(row[:4])
                for night in ("2015-12-30", "2015-12-31")
                for number, row in enumerate(self._rows(night), start=2)
            }
        }

    def in_raw(self) -> State:
        """Return the landed lines, by file and number."""
        return {
            "stock_counts": rows_of(
                self.warehouse,
                "select concat(right(left(_file_name, -4), 10), ':', _line_number),"
                " concat_ws('|', ingredient, counted_quantity, unit, note)"
                " from raw_files.stock_counts where _deleted_at is null",
            )
        }

    def change(self) -> None:
        """Correct a line, and add one."""
        rows = self._rows("2015-12-31")
        rows[2] = (rows[2][0], "99", *rows[2][2:])
        self._write("2015-12-31", [*rows, ("salt", "1", "kg", "2015-12-31")])

    def add_column(self) -> tuple[str, str]:
        """Let the last night's file have a column more."""
        rows = [(*row, "Ana") for row in self._rows("2015-12-31")]
        self._write("2015-12-31", rows, (*self.HEADER, "shift"))
        return "stock_counts", "shift"

    def delete(self) -> None:
        """Take the last line out of a file."""
        self._write("2015-12-30", self._rows("2015-12-30")[:-1])

    def empty(self) -> None:
        """Leave headers alone."""
        for night in ("2015-12-30", "2015-12-31"):
            self._write(night, [])


@dataclass
class ApiRig:
    """A web API of the sample's, with records of its own."""

    warehouse: Warehouse
    server: Server
    source: Source
    table: str

    def at_source(self) -> State:
        """Return the API's records that are not deleted."""
        return {
            self.table: {
                key: str(record["updated_at"])
                for key, record in self.server.records(self.table).items()
                if not record.get("deleted_at")
            }
        }

    def in_raw(self) -> State:
        """Return the raw rows."""
        return {
            self.table: rows_of(
                self.warehouse,
                "select id,"
                " to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                f" from {self.source.raw}.{self.table} where _deleted_at is null",
            )
        }

    def _key(self, position: int) -> str | int:
        return sorted(self.server.records(self.table), key=str)[position]

    def _settle(self) -> None:
        self.server.wait(120)

    def change(self) -> None:
        """Change a record."""
        self.server.change(self.table, self._key(1), language="es", priority="high")
        self._settle()

    def add_column(self) -> tuple[str, str]:
        """Let a record say one thing more."""
        self.server.change(self.table, self._key(2), mood="calm")
        self._settle()
        return self.table, "mood"

    def delete(self) -> None:
        """Delete a record, as its API says it."""
        self.server.change(self.table, self._key(3), deleted_at="2016-01-01T00:00:00Z")
        self._settle()

    def empty(self) -> None:
        """Take all records away."""
        with sqlite3.connect(self.server.path) as state:
            state.execute(f"delete from {self.table}")


@dataclass
class StreamRig:
    """A topic of librdkafka's mock, which only grows."""

    warehouse: Warehouse
    broker: Mock
    monkeypatch: pytest.MonkeyPatch
    source: Source = STREAMS
    topic: str = "shop"

    def __post_init__(self) -> None:
        """Write the first messages."""
        self._write(*(f'{{"id": {number}}}' for number in range(20)))

    def _write(self, *values: str | None) -> None:
        self.broker.produce(self.topic, values)

    def at_source(self) -> State:
        """Return the messages, by their offsets."""
        found = {
            offset: (value or b"").decode() for _, offset, value in self.broker.recount(self.topic)
        }
        return {"messages": found}

    def in_raw(self) -> State:
        """Return the landed messages, by their offsets."""
        statement = "select message_offset, coalesce(value, '') from raw_streams.messages"
        return {"messages": rows_of(self.warehouse, f"{statement} where _deleted_at is null")}

    def change(self) -> None:
        """Write a message, which is how a topic changes."""
        self._write('{"id": 3, "again": true}')

    def add_column(self) -> None:
        """Let a message say one thing more: it lands whole, and so nothing in raw is new."""
        self._write('{"id": 99, "mood": "calm"}')

    def delete(self) -> None:
        """Write a tombstone, which is how a topic says it; no message goes away."""
        self._write(None)

    def empty(self) -> None:
        """Be a topic without messages."""
        self.topic = "empty"
        self.monkeypatch.setenv("SOURCES__STREAMS__TOPICS__SHOP__TOPIC", self.topic)
        self.broker.create(self.topic)


@dataclass
class DocumentRig:
    """Dumps of a collection, each with all of it."""

    warehouse: Warehouse
    folder: Path
    source: Source = DOCUMENTS
    dumps: int = 0

    def __post_init__(self) -> None:
        """Write the first dump."""
        self._documents: dict[int, dict[str, Any]] = {
            number: {"_id": number, "stars": number % 5} for number in range(20)
        }
        self._dump()

    def _dump(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.dumps += 1
        file = self.folder / f"reviews_{self.dumps}.bson"
        file.write_bytes(b"".join(map(bson.encode, self._documents.values())))
        os.utime(file, (1_450_000_000 + self.dumps,) * 2)

    def at_source(self) -> State:
        """Return the documents, by their ids."""
        found = {text_of(key): text_of(it) for key, it in self._documents.items()}
        return {"documents": found}

    def in_raw(self) -> State:
        """Return the landed documents, by their ids."""
        statement = "select document_id, document from raw_documents.documents"
        return {"documents": rows_of(self.warehouse, f"{statement} where _deleted_at is null")}

    def change(self) -> None:
        """Change a document, and add one."""
        more = 90 + self.dumps
        self._documents |= {3: {"_id": 3, "stars": f"{more}"}, more: {"_id": more, "stars": 1}}
        self._dump()

    def add_column(self) -> None:
        """Let a document say one thing more: it lands whole, and so nothing in raw is new."""
        self._documents[4]["mood"] = 1
        self._dump()

    def delete(self) -> None:
        """Delete a document."""
        del self._documents[5]
        self._dump()

    def empty(self) -> None:
        """Be a collection without documents."""
        self._documents.clear()
        self._dump()


Building = Callable[[Warehouse, Path, pytest.MonkeyPatch, str], Rig]


def till_rig(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch, template: str
) -> Rig:
    """Return a till of its own, connected."""
    del folder
    address = f"postgresql://{warehouse.user}@{warehouse.host}:{warehouse.port}/{template}"
    monkeypatch.setenv("SOURCES__POS__TILLS__QUITO__URL", address)
    monkeypatch.setenv("SOURCES__POS__TILLS__QUITO__PASSWORD", warehouse.password)
    return TillRig(warehouse, template)


def file_rig(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch, template: str
) -> Rig:
    """Return a bucket of its own, connected; its feed alone is."""
    del template
    monkeypatch.setenv("SOURCES__FILES__FEEDS__STOCK_COUNTS__URL", str(folder))
    return FileRig(warehouse, folder)


def api_rig(source: Source, table: str, server: Server) -> Building:
    """Return what builds the rig of an API that is served already."""

    def build(
        warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch, template: str
    ) -> Rig:
        del folder, template
        url, secrets = server.access(source.name)
        for name, value in {"url": url, **secrets}.items():
            monkeypatch.setenv(f"SOURCES__{source.name.upper()}__{name.upper()}", value)
        return ApiRig(warehouse, server, source, table)

    return build


def stream_rig(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch, template: str
) -> Rig:
    """Return a topic of its own, connected."""
    del folder, template
    rig = StreamRig(warehouse, Mock(), monkeypatch)
    monkeypatch.setenv("SOURCES__STREAMS__BOOTSTRAP_SERVERS", rig.broker.servers)
    return rig


def document_rig(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch, template: str
) -> Rig:
    """Return a folder of dumps, connected."""
    del template
    monkeypatch.setenv("SOURCES__DOCUMENTS__COLLECTIONS__REVIEWS__URL", str(folder))
    return DocumentRig(warehouse, folder)


def builders(server: Server) -> dict[str, Building]:
    """Return what builds the rig of each source, by the source's name."""
    return {
        MYPIZZA.name: till_rig,
        FILES.name: file_rig,
        STREAMS.name: stream_rig,
        DOCUMENTS.name: document_rig,
        SOCIAL.name: api_rig(SOCIAL, "posts", server),
        TICKETS.name: api_rig(TICKETS, "tickets", server),
    }
