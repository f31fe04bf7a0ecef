"""A source behind a web API: a list that is read by the time of change, chunk by chunk.

Each chunk is a complete load: a run that dies goes on after the last of them. Rows that commit
later than their time of change says are missed by any cursor. So a run ends by asking how many rows
there are; where the raw layer has fewer, everything is read again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from dlt.sources.rest_api import rest_api_source
from psycopg import sql

from ingest.loads import packages, raw_tables, record
from ingest.loads.configuration import is_configured, read
from ingest.loads.modelled import make_missing, modelled
from ingest.loads.pipeline import pipeline, run
from ingest.loads.source import Compared, LoadResult, Session, SourceError, Window
from ingest.loads.statements import Statements
from ingest.sources.web import api as web
from ingest.sources.web.api import Api

if TYPE_CHECKING:
    import requests
    from dlt.extract import DltSource
    from dlt.pipeline.pipeline import Pipeline
    from dlt.sources.helpers.rest_client.paginators import BasePaginator

STATEMENTS = Statements(__file__)


class Pages(Protocol):
    """A paginator of dlt's that ends after so many pages."""

    is_cut: bool
    """There are more pages than were to be read."""


@dataclass(frozen=True)
class WebSource:
    """A source system behind a web API.

    Attributes:
        name: the source's name; its raw schema is `raw_<name>`.
        table: the raw table with the key `id`, as the list is called in address and answers.
        declaration: what its section of the configuration may say.
        path: what the list's address has between the API's url and the list.
        opened_by: returns what signs a request.
        pages: returns the paginator of at most so many pages.
        total: finds in an answer how many rows were asked about.
        erasure: the names of the statements that erase people, in their order.
        people: the raw tables by which these statements know whose a row is.
    """

    name: str
    table: str
    declaration: type[Api]
    path: str
    opened_by: Callable[[Api, requests.Session], Any]
    pages: Callable[[Api, int], BasePaginator]
    total: Callable[[dict[str, Any]], int]
    erasure: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    has_branches: bool = False
    is_append_only: bool = False
    follow_seconds: float | None = None

    @property
    def raw(self) -> str:
        """The raw schema."""
        return f"raw_{self.name}"

    def tables(self) -> Sequence[str]:
        """Return the raw tables that the models read."""
        return (self.table,)

    def visits(self, session: Session, branches: Sequence[str] | None = None) -> Sequence[ApiVisit]:
        """Return the API's visit, or none where it is not configured; an API has no branches."""
        section = f"sources.{self.name}"
        if branches or not is_configured(section):
            return ()
        api = read(self.declaration, section, name=self.name)
        loaded = packages.last_complete(session.connection, self.raw, self.name)
        kind = "incremental" if loaded else "initial"
        return (ApiVisit(session, self, api, kind),)

    def prepare(self, session: Session) -> None:
        """Make the table, which may stay empty, with its key and what dbt finds new rows by.

        Raises:
            SourceError: dbt's sources do not say what the table is.
        """
        connection = session.connection
        if self.table not in modelled(self.raw):
            raise SourceError(
                f"dbt has no source {self.raw}.{self.table}: describe it and its columns in "
                f"models/staging/{self.name}/_{self.name}__sources.yml."
            )
        make_missing(connection, self.raw)
        for suffix, column in {"key": "id", "load": "_dlt_load_id"}.items():
            connection.execute(
                raw_tables.indexing(
                    self.raw, self.table, suffix, [column], is_unique=suffix == "key"
                )
            )

    def knows(self, session: Session, branch_id: str, customer_id: str) -> bool:
        """Return false: an API does not know a till's customers."""
        del session, branch_id, customer_id
        return False

    def erase(self, session: Session) -> int:
        """Erase who is in audit.erasures, whenever what they wrote came in."""
        connection = session.connection
        needed = (f"{self.raw}.{self.table}", *self.people)
        if not all(raw_tables.exists(connection, table) for table in needed):
            return 0
        return sum(connection.execute(STATEMENTS(name)).rowcount for name in self.erasure)

    def probe(self, api: Api, before: str | None = None) -> tuple[str, int]:
        """Ask the API what time it is, and how many rows it has.

        Args:
            api: where it is.
            before: count only rows that changed last before this moment.

        Returns:
            The newest moment up to which its rows can be taken to be complete, and the count.
        """
        session = web.session()
        response = session.get(
            f"{api.url}{self.path}/{self.table}",
            params={"per_page": 1, "updated_before": before},
            auth=self.opened_by(api, session),
        )
        response.raise_for_status()
        return web.present(response), self.total(response.json())

    def changes(self, api: Api, before: str, page_count: int | None) -> tuple[DltSource, Pages]:
        """Return what has changed since the last complete load, as dlt reads it.

        Args:
            api: where the API is.
            before: the moment up to which is read.
            page_count: how many pages at most; None reads all, from the beginning.

        Returns:
            The source, and the paginator that knows afterwards whether there is more.
        """
        pages: Any = self.pages(api, page_count or sys.maxsize)
        session = web.session()
        source = rest_api_source(
            {
                "client": {
                    "base_url": f"{api.url}{self.path}",
                    "session": session,
                    "auth": self.opened_by(api, session),
                },
                "resources": [
                    web.list_of_changes(
                        self.table, modelled(self.raw)[self.table], before,
                        api.page_rows, pages, everything=page_count is None,
                    )
                ],
            },
            name=self.name,
            max_table_nesting=0,
        )  # fmt: skip
        return source, pages


@dataclass
class ApiVisit:
    """An API in one run."""

    session: Session
    source: WebSource
    api: Api
    kind: str
    branch_id: str | None = None
    before: str = ""
    load_ids: list[str] = field(default_factory=list)
    silence: str | None = None

    @property
    def name(self) -> str:
        """The source's name."""
        return self.source.name

    def ask(self) -> str | None:
        """Ask whether the API answers."""
        try:
            self.source.probe(self.api)
        except Exception as error:
            self.silence = web.explain(error, self.api)
        return self.silence

    def read(self) -> LoadResult:
        """Load what has changed since the last complete load."""
        return self._load(self.kind, is_heal=False)

    def compare(self, window: Window) -> Compared:
        """Ask how many rows there are, and read everything again where some are missing."""
        del window  # an API is counted as a whole
        missing = self._missing()
        if isinstance(missing, int) and missing <= 0:
            return Compared(self.name)
        if isinstance(missing, str):
            return Compared(self.name, problem=missing)
        return Compared(self.name, loads=(self._load("heal", is_heal=True),))

    def _load(self, kind: str, *, is_heal: bool) -> LoadResult:
        connection, source = self.session.connection, self.source
        self.load_ids = []
        with record.load(connection, self.name, None, kind) as entry:
            known = raw_tables.columns(connection, source.raw).get(source.table, {})
            try:
                if self.silence:
                    raise SourceError(self.silence)
                if not is_heal:
                    self.before, _ = source.probe(self.api)
                self._read_pages(is_heal=is_heal)
                missing = self._missing() if is_heal else 0
                if missing:
                    entry.error = (
                        f"The source {self.name} says that it has {missing:,} rows more than it "
                        f"returns, even when everything is read again: ask its provider."
                        if isinstance(missing, int)
                        else missing
                    )
            except Exception as error:  # one source's trouble stays with that source
                entry.error = web.explain(error, self.api)
            landed = raw_tables.columns(connection, source.raw).get(source.table, {})
            entry.notes = tuple(
                f"New column {source.table}.{name} ({landed[name]}) of {self.name}."
                for name in landed
                if known and name not in known and not name.startswith("_dlt")
            )
            if self.load_ids:
                entry.load_id = self.load_ids[-1]
                entry.row_count, first, last = self._brought(self.load_ids)
                entry.tables[source.table] = {
                    "rows": entry.row_count,
                    "first_cursor": record.shown(first),
                    "last_cursor": record.shown(last),
                }
        return entry.result

    def _read_pages(self, *, is_heal: bool) -> None:
        """Load chunk after chunk, each of them complete."""
        loads: Pipeline = pipeline(self.session.warehouse, self.name, self.source.raw)
        page_count = self.api.chunk_pages
        while True:
            changes, pages = self.source.changes(
                self.api, self.before, None if is_heal else page_count
            )
            info = run(loads, changes)
            self.load_ids += info.loads_ids
            if not pages.is_cut:
                return
            if not self._brought(info.loads_ids)[0]:
                # So many rows changed at one moment that a chunk does not get past it.
                page_count *= 2

    def _missing(self) -> int | str:
        """Return how many rows the API has beyond the raw layer's, or why it does not say."""
        try:
            _, at_source = self.source.probe(self.api, self.before)
        except Exception as error:  # as above
            return web.explain(error, self.api)
        row = self.session.connection.execute(
            # a row that does not say when it changed was handed out all the same
            sql.SQL("select count(*) from {} where updated_at < %s or updated_at is null").format(
                sql.Identifier(self.source.raw, self.source.table)
            ),
            [self.before],
        ).fetchone()
        return max(0, at_source - (row[0] if row else 0))

    def _brought(self, load_ids: Sequence[str]) -> tuple[int, datetime | None, datetime | None]:
        """Return how many rows some loads brought, and from when to when they changed."""
        row = self.session.connection.execute(
            sql.SQL(
                "select count(*), min(updated_at), max(updated_at) from {}"
                " where _dlt_load_id = any(%s)"
            ).format(sql.Identifier(self.source.raw, self.source.table)),
            [list(load_ids)],
        ).fetchone()
        return row or (0, None, None)
