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
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

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
from ingest.sources.tills.days import ranges
from ingest.sources.tills.figures import land
from ingest.sources.tills.fresh import has_news
from ingest.sources.tills.heal import heal, mark, mark_deleted, read_again, sorted_out
from ingest.sources.tills.lost import incomplete_tables, orphans_gone, take_back, unfinished
from ingest.sources.tills.read import Progress, resources
from ingest.sources.tills.survey import Survey
from ingest.sources.tills.tables import AtTill, Keys, in_raw, sides
from ingest.sources.tills.window import HealWindow, Part
from ingest.warehouse import WarehouseError

ATTEMPTS = 3
"""So often is a query tried that a till's server interrupts for a reason that passes."""

Answer = TypeVar("Answer")


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
        """The branch's id, or the till's where it has several."""
        return self.link.till.part

    @property
    def branch_id(self) -> str:
        """The branch's id, or the till's where it has several."""
        return self.link.till.part

    def read(self) -> LoadResult:
        """Load what is new at the till."""
        link = self.link
        is_initial = self._newest_load() is None
        kind = "initial" if is_initial else "incremental"
        self.progress = {}
        with record.load(link.connection, link.system.source, self.name, kind) as entry:
            try:
                self.survey = surveys.survey(link)
                entry.notes = self.survey.notes
                if not is_initial:
                    self._trust(self.survey)
                self.is_trusted = True
                entry.load_id = self._loaded(is_initial=is_initial)
                lost = None if is_initial else self._read_recent()
                entry.error = " ".join([*self.survey.problems, *([lost] if lost else [])]) or None
                erasure.remember(in_raw(link), link.till)
                erasure.erase(in_raw(link))
            except (KeyboardInterrupt, SystemExit):
                raise
            # One till's trouble stays with that till; ConnectorX's panics are no `Exception`.
            except BaseException as error:
                entry.error = explain(error, link.till)
            entry.tables = {
                name: {
                    "rows": table.rows,
                    "first_cursor": record.shown(table.first_cursor),
                    "last_cursor": record.shown(table.last_cursor),
                }
                for name, table in self.progress.items()
            }
            said = (note for table in self.progress.values() for note in table.notes.values())
            entry.notes = (*entry.notes, *said)
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

    def _trust(self, survey: Survey) -> None:
        if not self.is_trusted and (doubt := trust.doubt(*sides(self.link, survey))):
            raise TillError(doubt)

    def _found(self) -> Survey:
        self.survey = self.survey or surveys.survey(self.link)
        return self.survey

    def _loaded(self, *, is_initial: bool) -> str:
        """Run the till's pipeline from its last complete load on; return the newest load's id."""
        link = self.link

        def load() -> str:
            if is_initial:
                take_back(link.connection, link.system, link.till_id)
            elif not has_news(link, self._found()):
                return str(self._newest_load())
            return self._run_pipeline(is_initial=is_initial)

        return self._without_refused(load)

    def _without_refused(self, action: Callable[[], Answer]) -> Answer:
        """Do something, without a table that the till refuses: the others come."""
        attempts = 0
        while True:
            try:
                return action()
            except Exception as error:
                refused = cause(error)
                if not isinstance(refused, RefusedTableError) or self.survey is None:
                    raise
                attempts += 1
                if refused.passes and attempts < ATTEMPTS:
                    time.sleep(attempts)
                else:
                    self.survey = self.survey.without(refused)

    def _run_pipeline(self, *, is_initial: bool) -> str:
        link = self.link
        references: References = {}
        is_first = is_initial and not packages.last_complete(link.connection, link.system.raw)
        found, self.progress = resources(
            link, self._found(), references, is_initial=is_initial, is_first=is_first
        )
        source = dlt.source(lambda: found, name=link.schema_name)()
        loads = pipeline(link.session.warehouse, link.schema_name, link.system.raw, references)
        info = run(loads, source, loader_file_format="parquet")
        return info.loads_ids[-1] if info.loads_ids else ""

    def _read_recent(self) -> str | None:
        """Read the last days whole of the tables that have no change column.

        Returns:
            Why nothing was marked as deleted, where that is so.
        """
        system, today = self.link.system, datetime.now(UTC)
        only = frozenset(
            table.name for table in system.tables if table.belongs_to_a_day and not table.changed_at
        )
        if not only:
            return None
        raw = in_raw(self.link)
        days = []
        for part in windows.parts(self.link.till, raw):
            newest = min(
                part.clock.business_date(today), windows.newest(part) or datetime.max.date()
            )
            first = newest - timedelta(days=windows.RECENT_DAYS - 1)
            days.append((part, Window(first=first)))
        recent = HealWindow(days=tuple(days), only=only)

        def read() -> str | None:
            till = AtTill(system, self.link.till, self._found())
            again = read_again(till, raw, recent)
            self._count(again.progress)
            moved, gone = sorted_out(till, again.missing)
            if moved:
                read_again(till, raw, moved)
            refused = trust.too_much_gone(self.link.till, raw, gone, recent) if gone else None
            if gone and not refused:
                mark(raw, gone)
            return refused

        return self._without_refused(read)

    def _count(self, more: dict[str, Progress]) -> None:
        for name, progress in more.items():
            known = self.progress.setdefault(name, Progress())
            known.rows += progress.rows
            known.notes |= progress.notes

    def _compare(self, asked: Window, loads: list[LoadResult]) -> Compared:
        """Compare, heal and record; `loads` is filled with what the healing took."""
        survey = self._found()
        if not asked.accept_loss:
            self._trust(survey)
        found = [
            self._compare_branch(number, asked, loads)
            for number in range(len(self.link.till.branches))
        ]
        problems = [each.problem for each in found if each.problem]
        return Compared(
            self.name,
            days=sum(each.days for each in found),
            healed=tuple(sorted({day for each in found for day in each.healed})),
            differing={day: figures for each in found for day, figures in each.differing.items()},
            problem=" ".join(dict.fromkeys(problems)) or None,
        )

    def _compare_branch(self, number: int, asked: Window, loads: list[LoadResult]) -> Compared:
        """Compare one of the till's branches; with the first, what belongs to no day of any."""
        till, raw = sides(self.link, self._found())
        part = windows.parts(self.link.till, raw)[number]
        window = windows.chosen(part, asked)
        comparison = Comparison(
            raw.connection, raw.system.source, part.branch.branch_id,
            part.clock.business_date(datetime.now(UTC)), window,
        )  # fmt: skip
        comparison.begin()
        land(till, part, window, comparison)
        differing = comparison.differing()
        left = unfinished(till.till, raw) if number == 0 else HealWindow()
        incomplete = incomplete_tables(till, raw) if number == 0 else ()
        to_heal = replace(
            left,
            days=(*((part, days) for days in ranges(list(differing))), *left.days),
            whole_tables=tuple({*incomplete, *left.whole_tables}),
        )
        refused = None
        if to_heal:
            refused = self._heal(to_heal, part, window, loads)
            till, raw = sides(self.link, self._found())
            # What is mended lies on these days; the others need no second look.
            again = Window(min(differing), max(differing)) if differing else window
            comparison.forget(again)
            land(till, part, again, comparison)
        if orphans := orphans_gone(till, raw):
            loads.append(mark_deleted(till.till, raw, orphans))
        still = comparison.differing()
        comparison.record(differing)
        return Compared(
            self.name,
            days=comparison.days(),
            healed=tuple(day for day in differing if day not in still),
            differing=still,
            problem=refused or comparison.problem(f"The till of {part.branch.branch_id}", still),
        )

    def _heal(
        self, to_heal: HealWindow, part: Part, window: Window, loads: list[LoadResult]
    ) -> str | None:
        """Heal, and return why nothing was marked as deleted, where that is so."""
        if self._newest_load() is None or not self._found().has_landed:
            loads.append(self.read())
            if loads[-1].outcome != "succeeded":
                return None
            self.survey = surveys.survey(self.link)
        till, raw = sides(self.link, self._found())
        compared = HealWindow(days=((part, window),))

        def too_much(gone: Keys) -> str | None:
            if window.accept_loss:
                return None
            return trust.too_much_gone(self.link.till, raw, gone, compared)

        healed, refused = heal(till, raw, to_heal, too_much)
        loads += healed
        return refused
