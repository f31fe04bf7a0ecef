"""Till systems as sources: one line for each declared system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import psycopg
from psycopg import sql

from ingest.loads import configuration, packages, raw_tables
from ingest.loads.raw_tables import exists
from ingest.loads.source import Session
from ingest.loads.statements import Statements
from ingest.sources.tills import erasure
from ingest.sources.tills.connect import TillError, configured, in_use
from ingest.sources.tills.declaration import System, Table, declared, known_systems, source_name
from ingest.sources.tills.lost import take_back
from ingest.sources.tills.remove import purge
from ingest.sources.tills.tables import InRaw
from ingest.sources.tills.visit import TillVisit

STATEMENTS = Statements(__file__)


@dataclass(frozen=True)
class TillSource:
    """All tills of one system.

    Attributes:
        system_name: the system's name, as its declaration is called.
        name: as audit.loads and the command line call it.
    """

    system_name: str
    name: str
    has_branches: bool = True
    is_append_only: bool = False
    follow_seconds: float | None = 60.0

    @cached_property
    def system(self) -> System:
        """The system's declaration."""
        return declared(self.system_name)

    @property
    def raw(self) -> str:
        """The raw schema."""
        return f"raw_{self.name}"

    def tables(self) -> Sequence[str]:
        """Return the raw tables that the models read."""
        return [table.name for table in self.system.tables]

    def visits(
        self, session: Session, branches: Sequence[str] | None = None
    ) -> Sequence[TillVisit]:
        """Return the configured tills, in the order of the seed; a wrong one says so when read."""
        found = []
        for till in configured():
            own = {branch.branch_id for branch in till.branches}
            is_meant = not branches or not own or own & {*branches}
            if till.system_name == self.system_name and is_meant:
                problem = till.wrong or in_use(till)
                if problem and not till.wrong and self.name not in configuration.systems():
                    raise TillError(problem)
                found.append(TillVisit(session, replace(till, wrong=problem)))
        return found

    def prepare(self, session: Session) -> None:
        """Give the raw tables the indexes that merging and comparing need."""
        purge(session, self.name)
        raw = InRaw(system=self.system, connection=session.connection, till_id="")
        wanted: dict[str, sql.Composed] = {}
        for table in self.system.tables:
            if raw.has(table):
                wanted |= self._indexes(table, raw)
            else:  # or it has no column, and dlt would make it again
                dropped = sql.SQL("drop table if exists {}").format(raw.name(table))
                session.connection.execute(dropped)
        for _ in (*self.system.tables, None):  # each may hold a key twice
            try:
                raw_tables.build(session, self.raw, wanted)
                break
            except psycopg.errors.UniqueViolation as error:
                # or Postgres' own catalog, where a run that was killed still makes the same index
                if error.diag.schema_name == self.raw:
                    self._start_over(session, self.system.table(str(error.diag.table_name)))

    def knows(self, session: Session, branch_id: str, customer_id: str) -> bool:
        """Say whether a customer of a branch has ever come in."""
        return any(
            erasure.knows(raw, customer_id) for raw in self._of_branches(session, [branch_id])
        )

    def erase(self, session: Session) -> int:
        """Erase everyone in audit.erasures, also of branches without a till."""
        if not exists(session.connection, f"{self.raw}._dlt_loads"):
            return 0
        rows = session.connection.execute("select distinct branch_id from audit.erasures")
        branch_ids = [branch_id for (branch_id,) in rows.fetchall()]
        return sum(map(erasure.erase, self._of_branches(session, branch_ids)))

    def _of_branches(self, session: Session, branch_ids: list[str]) -> Iterator[InRaw]:
        """Yield the raw side of every till that ever was of some branches."""
        connection = session.connection
        for till_id, some in erasure.tills_of(connection, self.system, branch_ids).items():
            yield InRaw(system=self.system, connection=connection, till_id=till_id, branch_ids=some)

    def _indexes(self, table: Table, raw: InRaw) -> dict[str, sql.Composed]:
        """Return the statements of a table's indexes, by name."""
        till, own = self.system.till_column, raw.name(table)
        wanted: dict[str, Sequence[str]] = {"key": table.key, "load": ["_dlt_load_id"]}
        if table.parent_key and not raw.is_linked_by_text(table):
            wanted["parent"] = table.parent_key
        if table.business_time:
            wanted["time"] = [table.business_time]
        found = {
            f"{table.name}_{suffix}": raw_tables.indexing(
                self.raw, table.name, suffix, [till, *columns], is_unique=suffix == "key"
            )
            for suffix, columns in wanted.items()
        }
        if key := self._number_of_order(table, raw.types[table.name]):
            name = f"{table.name}_order"
            found[name] = STATEMENTS("index_of_order", index=name, till=till, key=key, raw=own)
        if self._has_parts(table):  # they go with it
            name = f"{table.name}_deleted"
            found[name] = STATEMENTS(
                "index_of_deleted", index=name, till=till, key=table.key[0], raw=own
            )
        return found

    def _number_of_order(self, table: Table, types: Mapping[str, str]) -> str | None:
        """Return the column that names an order by a number: its own, or that of a part of it."""
        if len(self.system.path(table)) > 2 or not (table.parent or self._has_parts(table)):
            return None
        columns = table.parent_key or table.key
        return columns[0] if len(columns) == 1 and "char" not in types[columns[0]] else None

    def _has_parts(self, table: Table) -> bool:
        return any(other.parent == table.name for other in self.system.tables)

    def _start_over(self, session: Session, table: Table) -> None:
        """Take back the tills that hold a key twice: their next load is a first load.

        A copy whose connection broke at its very commit is repeated by dlt, and may then be there
        twice. Before the first index nothing else would notice.
        """
        statement = STATEMENTS(
            "tills_with_a_key_twice", till=self.system.till_column,
            key=sql.SQL(", ").join(map(sql.Identifier, table.key)),
            raw=sql.Identifier(self.raw, table.name),
        )  # fmt: skip
        for (till_id,) in session.connection.execute(statement).fetchall():
            raw = InRaw(system=self.system, connection=session.connection, till_id=till_id)
            packages.forget(session.connection, self.raw, raw.schema_name)
            take_back(raw)


TILLS = tuple(TillSource(name, source_name(name)) for name in known_systems())
MYPIZZA = next(source for source in TILLS if source.system_name == "mypizza")
