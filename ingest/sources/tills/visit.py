"""A till's visit: survey, trust, load, compare, heal, record; every system's by the same driver.

- A branch without a complete load is read whole, by plain appending. What an earlier attempt left
  of it is deleted first.
- Any later load is a merge, one transaction per table. What a killed one had already merged is
  merged once more, because the cursor of the last complete load is still before it.
- A killed heal is healed again: `audit.loads` says that it had begun.
- The last 35 days are compared every time, all days once a week. A till that has lost more than a
  fifth of what the warehouse knows of the compared days is not believed: nothing is marked as
  deleted then, and a person is asked.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import dlt
import sqlalchemy as sa

from ingest.loads import packages, record
from ingest.loads.compare import Comparison
from ingest.loads.destination import References
from ingest.loads.pipeline import pipeline, run
from ingest.loads.source import Compared, LoadResult, Window
from ingest.sources.tills import erasure, trust
from ingest.sources.tills import survey as surveys
from ingest.sources.tills import window as windows
from ingest.sources.tills.connect import Link, RefusedTableError, TillError, cause, explain
from ingest.sources.tills.days import Clock
from ingest.sources.tills.figures import land
from ingest.sources.tills.fresh import has_news
from ingest.sources.tills.heal import heal, mark_deleted
from ingest.sources.tills.lost import incomplete_tables, orphans_gone, take_back, unfinished
from ingest.sources.tills.read import Progress, resources
from ingest.sources.tills.survey import Survey
from ingest.sources.tills.window import HealWindow
from ingest.warehouse import WarehouseError


@dataclass
class TillVisit:
    """One till in one run.

    Attributes:
        link: the till and the raw tables that it fills.
        survey: what was found at the till, once it was looked at.
        is_trusted: whether the till is known to be the one that the raw layer knows.
    """

    link: Link
    survey: Survey | None = None
    is_trusted: bool = False
    progress: dict[str, Progress] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The branch's id."""
        return self.link.branch_id

    @property
    def branch_id(self) -> str:
        """The branch's id."""
        return self.link.branch_id

    def read(self) -> LoadResult:
        """Load what is new at the till."""
        link = self.link
        is_initial = self._newest_load() is None
        kind = "initial" if is_initial else "incremental"
        self.progress = {}
        with record.load(link.connection, link.system.source, link.branch_id, kind) as entry:
            try:
                self.survey = surveys.survey(link)
                entry.notes = self.survey.notes
                if is_initial:
                    take_back(link.connection, link.system, link.branch_id)
                else:
                    self._trust()
                self.is_trusted = True
                entry.load_id = self._load(is_initial=is_initial)
                entry.error = " ".join(self.survey.problems) or None
                erasure.erase(link.connection, link.system, link.branch_id)
            except (KeyboardInterrupt, SystemExit):
                raise
            # One till's trouble stays with that till; ConnectorX's panics are no `Exception`.
            except BaseException as error:
                entry.error = explain(error, link.till)
            entry.tables = {
                name: {
                    "rows": table.rows,
                    "first_cursor": record.iso(table.first_cursor),
                    "last_cursor": record.iso(table.last_cursor),
                }
                for name, table in self.progress.items()
            }
            entry.row_count = sum(table.rows for table in self.progress.values())
        return entry.result

    def compare(self, window: Window) -> Compared:
        """Compare the till with the raw layer per business date, and heal what differs."""
        started = time.monotonic()
        loads: list[LoadResult] = []
        try:
            compared = self._compare(window, loads)
        except (WarehouseError, sa.exc.SQLAlchemyError) as error:
            compared = Compared(self.name, problem=explain(error, self.link.till))
        return replace(compared, loads=tuple(loads), seconds=time.monotonic() - started)

    def _newest_load(self) -> str | None:
        link = self.link
        return packages.last_complete(link.connection, link.system.raw, link.schema_name)

    def _trust(self) -> None:
        if not self.is_trusted and (doubt := trust.doubt(self.link)):
            raise TillError(doubt)

    def _load(self, *, is_initial: bool) -> str:
        """Run the till's pipeline from its last complete load on; return the newest load's id."""
        if not is_initial and self.survey and not has_news(self.link, self.survey):
            return str(self._newest_load())
        while True:
            try:
                return self._run_pipeline(is_initial=is_initial)
            except Exception as error:
                # It fails while reading, before anything is loaded: the other tables come.
                refused = cause(error)
                if not isinstance(refused, RefusedTableError) or self.survey is None:
                    raise
                self.survey = self.survey.without(refused)

    def _run_pipeline(self, *, is_initial: bool) -> str:
        link = self.link
        if self.survey is None:
            self.survey = surveys.survey(link)
        references: References = {}
        is_first = is_initial and not packages.last_complete(link.connection, link.system.raw)
        found, self.progress = resources(
            link, self.survey, references, is_initial=is_initial, is_first=is_first
        )
        source = dlt.source(lambda: found, name=link.schema_name)()
        loads = pipeline(link.session.warehouse, link.schema_name, link.system.raw, references)
        info = run(loads, source, loader_file_format="parquet")
        return info.loads_ids[-1] if info.loads_ids else ""

    def _compare(self, asked: Window, loads: list[LoadResult]) -> Compared:
        """Compare, heal and record; `loads` is filled with what the healing took."""
        link, clock = self.link, Clock(self.link.till.branch)
        window = windows.chosen(link, clock, asked)
        if not asked.accept_loss:
            self._trust()
        survey = self.survey or surveys.survey(link)
        today = clock.business_date(datetime.now(UTC))
        comparison = Comparison(link.connection, link.system.source, link.branch_id, today, window)
        comparison.begin()
        land(link, survey, clock, window, comparison)
        differing = comparison.differing()
        unfinished_heal = unfinished(link)
        to_heal = HealWindow(
            (*clock.stretches(list(differing)), *unfinished_heal.stretches),
            unfinished_heal.keys,
            tuple({*incomplete_tables(link, survey), *unfinished_heal.whole_tables}),
        )
        refused = None
        if to_heal:
            refused = self._heal(survey, to_heal, clock, window, loads)
            # What is mended lies on these days; the others need no second look.
            again = Window(min(differing), max(differing)) if differing else window
            comparison.forget(again)
            land(link, survey, clock, again, comparison)
        orphans = orphans_gone(link)
        if orphans:
            loads.append(mark_deleted(link, orphans))
        still = comparison.differing()
        comparison.record(differing)
        return Compared(
            self.name,
            days=comparison.days(),
            healed=tuple(day for day in differing if day not in still),
            differing=still,
            problem=refused or comparison.problem(f"The till of {self.name}", still),
        )

    def _heal(
        self,
        survey: Survey,
        to_heal: HealWindow,
        clock: Clock,
        window: Window,
        loads: list[LoadResult],
    ) -> str | None:
        """Heal, and return why nothing was marked as deleted, where that is so."""
        if self._newest_load() is None or not survey.has_landed:
            loads.append(self.read())
            if loads[-1].outcome != "succeeded":
                return None
            survey = surveys.survey(self.link)
        stretch = clock.stretch(window)
        healed, refused = heal(
            self.link,
            survey,
            to_heal,
            lambda gone: (
                None if window.accept_loss else trust.too_much_gone(self.link, gone, stretch)
            ),
        )
        loads += healed
        return refused
