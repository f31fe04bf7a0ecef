"""Till systems as sources: one line for each declared system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import psycopg

from ingest.loads import packages
from ingest.loads.raw_tables import exists, index
from ingest.loads.source import Session
from ingest.loads.statements import Statements
from ingest.sources.tills import erasure
from ingest.sources.tills.connect import Link, configured
from ingest.sources.tills.declaration import System, Table, declared
from ingest.sources.tills.lost import take_back
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

    @cached_property
    def system(self) -> System:
        """The system's declaration."""
        return declared(self.system_name)

    @property
    def raw(self) -> str:
        """The raw schema."""
        return self.system.raw

    def tables(self) -> Sequence[str]:
        """Return the raw tables that the models read."""
        return [table.name for table in self.system.tables]

    def visits(
        self, session: Session, branches: Sequence[str] | None = None
    ) -> Sequence[TillVisit]:
        """Return the configured tills, in the order of the seed."""
        return [TillVisit(Link(session, self.system, till)) for till in configured(branches)]

    def prepare(self, session: Session) -> None:
        """Give the raw tables the indexes that merging and comparing need."""
        for table in self.system.tables:
            if not exists(session.connection, f"{self.raw}.{table.name}"):
                continue
            try:
                self._index(session, table)
            except psycopg.errors.UniqueViolation:
                self._start_over(session, table)
                self._index(session, table)

    def knows(self, session: Session, branch_id: str, customer_id: int) -> bool:
        """Say whether a customer of a branch has ever come in."""
        return any(
            session.connection.execute(
                STATEMENTS(
                    "knows_person",
                    raw=psycopg.sql.Identifier(self.raw, table.name),
                    person=str(table.person),
                ),
                {"branch": branch_id, "customer": customer_id},
            ).fetchall()
            == [(True,)]
            for table in self.system.tables
            if table.person
            and not table.parent
            and exists(session.connection, f"{self.raw}.{table.name}")
        )

    def erase(self, session: Session) -> int:
        """Erase everyone in audit.erasures, also of branches without a till."""
        if not exists(session.connection, f"{self.raw}._dlt_loads"):
            return 0
        rows = session.connection.execute("select distinct branch_id from audit.erasures")
        return sum(
            erasure.erase(session.connection, self.system, branch_id)
            for (branch_id,) in rows.fetchall()
        )

    def _index(self, session: Session, table: Table) -> None:
        wanted = {"key": table.key, "load": "_dlt_load_id"}
        if table.parent_key:
            wanted["parent"] = table.parent_key
        if table.business_time:
            wanted["time"] = table.business_time
            session.connection.execute(
                STATEMENTS(
                    "index_of_deleted", index=f"{table.name}_deleted", key=table.key,
                    raw=psycopg.sql.Identifier(self.raw, table.name),
                )
            )  # fmt: skip
        for suffix, column in wanted.items():
            index(
                session.connection, self.raw, table.name, suffix, ["branch_id", column],
                is_unique=suffix == "key",
            )  # fmt: skip
        if table.parent_key or table.business_time:
            # the models look an order up by its id as text
            session.connection.execute(
                STATEMENTS(
                    "index_of_orders", index=f"{table.name}_order",
                    key=table.parent_key or table.key,
                    raw=psycopg.sql.Identifier(self.raw, table.name),
                )
            )  # fmt: skip

    def _start_over(self, session: Session, table: Table) -> None:
        """Take back the branches that hold a key twice: their next load is a first load.

        A copy whose connection broke at its very commit is repeated by dlt, and may then be there
        twice. Before the first index nothing else would notice.
        """
        statement = STATEMENTS(
            "branches_with_a_key_twice", key=table.key,
            raw=psycopg.sql.Identifier(self.raw, table.name),
        )  # fmt: skip
        for (branch_id,) in session.connection.execute(statement).fetchall():
            packages.forget(session.connection, self.raw, self.system.schema_name(branch_id))
            take_back(session.connection, self.system, branch_id)


MYPIZZA = TillSource("mypizza", "pos")
