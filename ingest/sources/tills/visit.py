"""A till's visit: survey, trust, load, compare, heal, record; every system's by the same driver.

- A branch without a complete load is read whole, by plain appending. What an earlier attempt left
  of it is deleted first.
- Any later load is a merge, one transaction per table. What a killed one had already merged is
  merged once more, because the cursor of the last complete load is still before it.
- A heal is one transaction: what a killed one had not done still differs and is healed then.
- The last 35 days are compared every time, all days once a week. A till that has lost more than a
  fifth of what the warehouse knows of the compared days is not believed: nothing is marked as
  deleted then, and a person is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import dlt
import psycopg
import sqlalchemy as sa

from ingest.loads import packages
from ingest.loads.compare import Comparison
from ingest.loads.destination import References
from ingest.loads.pipeline import pipeline, run
from ingest.loads.source import Compared, LoadResult, Session, Window
from ingest.sources.tills import erasure, trust
from ingest.sources.tills import window as windows
from ingest.sources.tills.connect import (
    RefusedTableError,
    Till,
    TillError,
    cannot_read,
    cause,
    explain,
)
from ingest.sources.tills.days import ranges
from ingest.sources.tills.figures import land
from ingest.sources.tills.heal import heal, mark_deleted
from ingest.sources.tills.lost import incomplete_tables, orphans_gone, orphans_new, take_back
from ingest.sources.tills.news import has_news
from ingest.sources.tills.progress import Progress, Read, recorded
from ingest.sources.tills.read import resources
from ingest.sources.tills.survey import survey
from ingest.sources.tills.tables import AtTill, InRaw, Keys, in_raw
from ingest.sources.tills.window import HealWindow, Part
from ingest.warehouse import WarehouseError

PAUSE_SECONDS = 1

Answer = TypeVar("Answer")


@dataclass
class TillVisit:
    """One till in one run.

    Attributes:
        session: where to.
        till: the till.
        found: what was found at the till, once it was looked at.
        is_trusted: whether the till is known to be the one that the raw layer knows.
    """

    session: Session
    till: Till
    found: AtTill | None = None
    is_trusted: bool = False

    @property
    def name(self) -> str:
        """The branch's id, or the till's where it has several."""
        return self.till.part

    @property
    def branch_id(self) -> str:
        """The branch's id, or the till's where it has several."""
        return self.till.part

    def ask(self) -> str | None:
        """Ask whether the till's database answers."""
        if self.till.wrong:
            return None
        try:
            self.till.engine.connect().close()
        except WarehouseError as error:
            problem = str(error)
        except Exception as error:
            problem = cannot_read(error, self.till)
        else:
            return None
        self.till = replace(self.till, wrong=problem)
        return problem

    def read(self) -> LoadResult:
        """Load what is new at the till."""
        raw, self.found = self._raw(), None
        since = self._newest_load(raw)
        is_initial = since is None
        with recorded(self.till, raw, "initial" if is_initial else "incremental") as (entry, read):
            till = self._at_till()
            entry.notes = till.notes
            if not is_initial:
                self._trust()
            self.is_trusted = True
            load_id = self._loaded(raw, read, is_initial=is_initial)
            lost = self._read_recent(read, since) if since else None
            # now that what belongs to its rows is read, too
            entry.load_id = load_id
            problems = [*self._at_till().problems, *([lost] if lost else [])]
            entry.error = " ".join(problems) or None
            erasure.remember(raw, self.till)
            erasure.erase(self._raw())
        return entry.result

    def compare(self, window: Window) -> Compared:
        """Compare the till with the raw layer per business date, and heal what differs."""
        started = time.monotonic()
        loads: list[LoadResult] = []
        try:
            known = self._at_till().problems
            compared = self._without_refused(lambda: self._compare(window, loads))
            refused = (text for text in self._at_till().problems if text not in known)
            problems = [*([compared.problem] if compared.problem else []), *refused]
            compared = replace(compared, problem=" ".join(problems) or None)
        except (WarehouseError, sa.exc.SQLAlchemyError, psycopg.Error) as error:
            compared = Compared(self.name, problem=explain(error, self.till))
        return replace(compared, loads=tuple(loads), seconds=time.monotonic() - started)

    def _raw(self) -> InRaw:
        """Return the raw tables as they are now: a load may make some."""
        return in_raw(self.till, self.session.connection)

    def _at_till(self) -> AtTill:
        if self.till.wrong:
            raise TillError(self.till.wrong)
        self.found = self.found or survey(self.till, self._raw())
        return self.found

    def _newest_load(self, raw: InRaw) -> str | None:
        return packages.last_complete(raw.connection, raw.system.raw, raw.schema_name)

    def _trust(self) -> None:
        if not self.is_trusted and (doubt := trust.doubt(self._at_till(), self._raw())):
            raise TillError(doubt)

    def _loaded(self, raw: InRaw, read: Read, *, is_initial: bool) -> str:
        """Run the till's pipeline from its last complete load on; return the newest load's id."""

        def load() -> str:
            if is_initial:
                take_back(raw)
            elif not has_news(self._at_till(), raw):
                return str(self._newest_load(raw))
            references: References = {}
            is_first = is_initial and not packages.last_complete(raw.connection, raw.system.raw)
            tables, progress = resources(
                self._at_till(), references, is_initial=is_initial, is_first=is_first
            )
            read.update(progress)
            source = dlt.source(lambda: tables, name=raw.schema_name)()
            loads = pipeline(self.session.warehouse, raw.schema_name, raw.system.raw, references)
            info = run(loads, source, loader_file_format="parquet")
            return info.loads_ids[-1] if info.loads_ids else ""

        return self._without_refused(load)

    def _without_refused(self, action: Callable[[], Answer]) -> Answer:
        """Do something, without a table that the till refuses: the others come.

        What the till's server interrupts for a reason that may pass is tried once more.
        """
        tried: set[str] = set()
        while True:
            try:
                return action()
            except Exception as error:
                refused = cause(error)
                if not isinstance(refused, RefusedTableError):
                    raise
                if refused.passes and refused.table not in tried:
                    tried.add(refused.table)
                    time.sleep(PAUSE_SECONDS)
                    continue
                till = self._at_till()
                self.found = replace(
                    till,
                    tables=tuple(table for table in till.tables if table.name != refused.table),
                    problems=(*till.problems, str(refused)),
                )

    def _read_recent(self, read: Read, known: str) -> str | None:
        """Read the last days whole of the tables that have no change column.

        Of older days, it reads the children of rows that have changed since the last visit that
        got this far.

        Args:
            read: filled with what was new or differed, by table.
            known: the newest load before this visit.

        Returns:
            Why nothing was marked as deleted, where that is so.
        """
        only = frozenset(
            table.name
            for table in self.till.system.tables
            if table.belongs_to_a_day and not table.changed_at
        )
        if not only:
            return None
        raw, today = self._raw(), datetime.now(UTC)
        days = []
        for part in windows.parts(self.till, raw):
            newest = windows.newest(part)
            last = min(part.clock.business_date(today), newest or datetime.max.date())
            days.append((part, Window(first=last - timedelta(days=windows.RECENT_DAYS - 1))))
        recent = HealWindow(days=tuple(days), only=only)
        _, refused = self._without_refused(partial(self._mend, raw, recent, read, recent))
        if refused:
            return refused
        for table, keys in windows.changed_before(raw, self.name, recent, known).items():
            old = HealWindow(keys={table.name: tuple(keys)}, only=only)
            note: str | None = (
                f"More than {len(keys) - 1:,} old rows of {table.name} have changed: what belongs "
                "to them is read again by the weekly comparison, or by mypizza reconcile --all."
            )
            if len(keys) <= windows.MOST_CHANGED:
                _, note = self._without_refused(partial(self._mend, raw, old, read, old))
            if note:
                read.setdefault(table.name, Progress()).notes["old"] = note
        return None

    def _mend(
        self, raw: InRaw, window: HealWindow, read: Read, compared: HealWindow | None
    ) -> tuple[str, str | None]:
        """Heal; a loss is measured against what was compared, or accepted where that is None."""

        def too_much(gone: Keys) -> str | None:
            return trust.too_much_gone(self.till, raw, gone, compared) if compared else None

        return heal(self._at_till(), raw, window, read, too_much)

    def _compare(self, asked: Window, loads: list[LoadResult]) -> Compared:
        """Compare, heal and record; `loads` is filled with what the healing took."""
        if not asked.accept_loss:
            self._trust()
        parts = windows.parts(self.till, self._raw())
        chosen = [windows.chosen(part, asked) for part in parts]
        found = [self._compare_branch(*each, loads) for each in enumerate(chosen)]
        is_sweep = any(not (window.first or window.last) for window in chosen)
        self._settle_orphans(parts[0], chosen[0], loads, is_sweep=is_sweep)
        problems = [each.problem for each in found if each.problem]
        return Compared(
            self.name,
            days=sum(each.days for each in found),
            healed=tuple(sorted({day for each in found for day in each.healed})),
            differing={day: figures for each in found for day, figures in each.differing.items()},
            problem=" ".join(dict.fromkeys(problems)) or None,
        )

    def _compare_branch(self, number: int, window: Window, loads: list[LoadResult]) -> Compared:
        """Compare one of the till's branches; with the first, what belongs to no day of any."""
        till, raw = self._at_till(), self._raw()
        part = windows.parts(self.till, raw)[number]
        comparison = Comparison(
            raw.connection, raw.system.source, part.branch.branch_id,
            part.clock.business_date(datetime.now(UTC)), window,
        )  # fmt: skip
        comparison.begin()
        land(till, part, window, comparison)
        differing = comparison.differing()
        to_heal = HealWindow(
            days=tuple((part, days) for days in ranges(list(differing))),
            whole_tables=() if number else tuple(incomplete_tables(till, raw)),
        )
        refused = None
        if to_heal:
            refused = self._heal(to_heal, part, window, loads)
            till, raw = self._at_till(), self._raw()
            # What is mended lies on these days; the others need no second look.
            again = Window(min(differing), max(differing)) if differing else window
            comparison.forget(again)
            land(till, part, again, comparison)
        still = comparison.differing()
        comparison.record(differing)
        return Compared(
            self.name,
            days=comparison.days(),
            healed=tuple(day for day in differing if day not in still),
            differing=still,
            problem=refused or comparison.problem(f"The till of {part.branch.branch_id}", still),
        )

    def _settle_orphans(
        self, part: Part, window: Window, loads: list[LoadResult], *, is_sweep: bool
    ) -> None:
        """Read rows without a parent that never came, and mark those that are gone."""
        if new := orphans_new(self._at_till(), self._raw(), is_sweep=is_sweep):
            self._heal(HealWindow(keys=new), part, window, loads)
        raw = self._raw()
        if gone := orphans_gone(self._at_till(), raw):
            with recorded(self.till, raw, "heal") as (entry, read):
                entry.load_id = mark_deleted(raw, gone, read)
            loads.append(entry.result)

    def _heal(
        self, to_heal: HealWindow, part: Part, window: Window, loads: list[LoadResult]
    ) -> str | None:
        """Heal, and return why nothing was marked as deleted, where that is so."""
        if not self._at_till().has_landed:
            self.found = None  # it was looked at before the load
        if self._newest_load(part.raw) is None or not self._at_till().has_landed:
            loads.append(self.read())
            if loads[-1].outcome != "succeeded":
                return None
            self.found = None
        raw, refused = self._raw(), None
        compared = None if window.accept_loss else HealWindow(days=((part, window),))
        with recorded(self.till, raw, "heal") as (entry, read):
            entry.load_id, refused = self._mend(raw, to_heal, read, compared)
            entry.error = " ".join(self._at_till().problems) or None
        loads.append(entry.result)
        return refused
