"""The export of a till without a database, compared with the till's own day totals.

Both come as files and land as text, so both sides are in the warehouse, and one statement reads
each in the dialect of its feed (`raw_files._feeds`). A closed day that differs has its files read
once more, even if their size and time are the same; what still differs then stays in
`audit.reconciliation` and fails the audit. A value that cannot be read counts as nothing, and so
shows as a difference; what the totals do not say is not compared.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from psycopg import sql

from ingest.loads import raw_tables
from ingest.loads.branches import branches
from ingest.loads.compare import Comparison
from ingest.loads.source import Compared, Days, Window
from ingest.loads.statements import Statements
from ingest.sources.files.dialect import clock, day, local_time, number, quantity
from ingest.sources.files.feed import Feed, Totals
from ingest.sources.files.land import RAW
from ingest.sources.files.visit import FeedVisit

STATEMENTS = Statements(__file__)


@dataclass(frozen=True)
class ExportVisit(FeedVisit):
    """A feed of a till's sales, which its totals are compared with.

    Attributes:
        declared: how sales and totals belong together.
        totals: the visit to the feed of the totals.
        others: the other feeds of sales.
    """

    declared: Totals
    totals: FeedVisit
    others: Sequence[Feed]

    def compare(self, window: Window) -> Compared:
        """Compare the sales with the totals, read again what differs, and record both.

        Args:
            window: which days; an export compares all it has unless days are named.

        Returns:
            What was compared, with a problem where closed days still differ.
        """
        started = time.monotonic()
        compared = self._compare_branches(window) if self._has_landed(self.feed) else []
        problems = [each.problem for each in compared if each.problem]
        return Compared(
            name=self.feed.branch or self.name,
            days=sum(each.days for each in compared),
            healed=tuple(sorted({day for each in compared for day in each.healed})),
            differing={day: what for each in compared for day, what in each.differing.items()},
            loads=tuple(load for each in compared for load in each.loads),
            seconds=time.monotonic() - started,
            problem=" ".join(problems) or None,
        )

    def _compare_branches(self, window: Window) -> list[Compared]:
        if problem := self._not_comparable():
            return [Compared(self.name, problem=problem)]
        # a branch that has totals only lacks its sales
        landed = self._landed_branches(self.feed) | self._landed_branches(self.totals.feed)
        wanted = sorted(name for name in landed if name in (self.branches or branches()))
        second = {name: other for other in self.others for name in self._landed_branches(other)}
        return [
            self._has_two_exports(name, second[name])
            if name in second
            else self._compare(name, window)
            for name in wanted
        ]

    def _has_two_exports(self, branch: str, other: Feed) -> Compared:
        problem = (
            f"The feeds {self.name} and {other.name} both have sales of {branch}, and a branch's "
            "day has one total, so neither is compared: let one feed's `files` match the files of "
            f"both tills, or give the second till its own branch: {self.feed.section}."
        )
        return Compared(branch, problem=problem)

    def _compare(self, branch: str, window: Window) -> Compared:
        today = branches()[branch].today
        comparison = Comparison(self.session.connection, "files", branch, today, window)
        self._land_figures(comparison)
        differed = comparison.differing()
        loads = [
            visit.read(names)
            for visit, day in ((self, self.declared.date), (self.totals, self.declared.day))
            if differed and (names := self._files_of(visit.feed, day, differed))
        ]
        if differed:
            self._land_figures(comparison)
        still = comparison.differing()
        # a day is read again as a whole: all its figures are what the heal has made of them
        comparison.record(dict.fromkeys(differed, tuple(self.declared.figures)))
        what = f"The totals of {branch} (feed {self.totals.name})"
        problem = comparison.problem(what, still)
        if problem:
            problem += " " + (self._unreadable() or self._what_to_do(comparison.days(), still))
        return Compared(
            name=branch,
            days=comparison.days(),
            healed=tuple(day for day in differed if day not in still),
            differing=still,
            loads=tuple(loads),
            problem=problem,
        )

    def _what_to_do(self, days: int, differing: Days) -> str:
        """Return what to correct: a figure that differs on most days is declared otherwise."""
        counts = Counter(figure for figures in differing.values() for figure in figures)
        often = [figure for figure, count in counts.items() if count >= 3 and count > days / 2]
        if not often:
            return "Ask the branch for the files again."
        return (
            f"On most days {', '.join(sorted(often))} differ: the till seems to count otherwise. "
            "Compare what it writes with the figures of docs/how-to/add-a-till.md, and correct "
            f"totals in {self.feed.section}."
        )

    def _unreadable(self) -> str | None:
        """Say which column cannot be read: then its option is wrong, and not the files.

        Of the totals, only the larger days may be written otherwise.
        """
        declared = self.declared
        money = dict.fromkeys(declared.figures.values(), number)
        for feed, readers in (
            (self.feed, {declared.date: day, declared.quantity: quantity}
             | ({declared.time: clock} if declared.time else {})
             | {name: number for name in (declared.unit_price, declared.amount) if name}),
            (self.totals.feed, {declared.day: day} | money),
        ):  # fmt: skip
            for column, reader in readers.items():
                statement = STATEMENTS("unreadable", **_landed(feed), value=reader(column),
                                       column=sql.Identifier(column))  # fmt: skip
                rows = self.session.connection.execute(statement).fetchall()
                rows = [row for row in rows if any(map(str.isdigit, row[2]))]
                if rows and (feed is self.totals.feed or not rows[0][3]):
                    option = {day: "date_format", clock: "time_format"}.get(reader)
                    return _advice(feed, column, rows, option or "decimal_separator")
        return None

    def _not_comparable(self) -> str | None:
        """Say why the sales cannot be compared."""
        totals, declared = self.totals.feed, self.declared
        what = f"The export {self.feed.branch or self.name}"
        if not self._has_landed(totals):
            return (
                f"{what} (feed {self.name}) has sales, and its totals (feed "
                f"{totals.name}) have not sent a file yet: nothing shows that the sales are "
                f"complete. Look where {totals.files!r} should be."
            )
        landed = raw_tables.columns(self.session.connection, RAW)
        wanted = ((self.feed, declared.sales_columns), (totals, declared.columns))
        for feed, names in wanted:
            there = landed[feed.name]
            if missing := [name for name in names if name not in there]:
                others = [name for name in there if name[0] != "_"]
                return (
                    f"The feed {feed.name} has no column {', '.join(missing)} (it has "
                    f"{', '.join(others)}), by which the export of {self.feed.branch or self.name} "
                    f"is compared with its totals: correct totals in {self.feed.section}, or the "
                    f"delimiter in {feed.section}."
                )
        return None

    def _landed_branches(self, feed: Feed) -> set[str]:
        if feed.branch:
            return {feed.branch} if self._has_landed(feed) else set()
        statement = sql.SQL("select distinct branch_id from {} where _deleted_at is null")
        rows = self.session.connection.execute(statement.format(sql.Identifier(RAW, feed.name)))
        return {name for (name,) in rows}

    def _has_landed(self, feed: Feed) -> bool:
        statement = "select exists (select 1 from raw_files._files where feed = %s)"
        return self.session.connection.execute(statement, [feed.name]).fetchone() == (True,)

    def _land_figures(self, comparison: Comparison) -> None:
        """Land the figures of both sides, each worked out from its feed."""
        declared, figures = self.declared, list(self.declared.figures)
        comparison.begin()
        branch = branches()[comparison.branch_id]
        sales = STATEMENTS(
            "sales_figures",
            **_landed(self.feed),
            branch=sql.Literal(comparison.branch_id),
            business_date=(
                sql.SQL("cast({} - cutover as date)").format(
                    local_time(declared.date, declared.time)
                )
                if declared.time
                else day(declared.date)
            ),
            time_zone=sql.Literal(branch.time_zone),
            cutover_hour=sql.Literal(branch.cutover_hour),
            receipt=declared.order,
            is_refund=self._is_refund(),
            counts_returns=sql.Literal(declared.orders_with_returns),
            amount=self._amount(branch.minor_unit),
        )
        totals = STATEMENTS(
            "totals_figures",
            **_landed(self.totals.feed),
            branch=sql.Literal(comparison.branch_id),
            day=day(declared.day),
            figures=sql.SQL(", ").join(
                sql.SQL("abs(sum({})) as {}" if name == "refund_total" else "sum({}) as {}").format(
                    number(column), sql.Identifier(name)
                )
                for name, column in declared.figures.items()
            ),
        )
        comparison.land_query("raw", sales, figures)
        comparison.land_query("source", totals, figures)
        texts = sql.SQL(", ").join(
            sql.SQL("({}, landed.{})").format(sql.Literal(name), sql.Identifier(column))
            for name, column in declared.figures.items()
        )
        left_out = STATEMENTS(
            "leave_out_missing",
            **_landed(self.totals.feed),
            pairs=texts,
            branch=sql.Literal(comparison.branch_id),
            day=day(declared.day),
        )
        self.session.connection.execute(left_out)

    def _is_refund(self) -> sql.Composable:
        """Return the condition that a line gives back."""
        said: list[sql.Composable] = [
            sql.SQL("trim(landed.{}) = any({})").format(
                sql.Identifier(column), [words] if isinstance(words, str) else words
            )
            for column, words in self.declared.refunds.items()
        ]
        is_below = sql.SQL("{} < 0").format(quantity(self.declared.quantity))
        return sql.SQL(" or ").join(said or [is_below])

    def _amount(self, places: int) -> sql.Composable:
        """Return the amount of a line: its own, or that of its quantity and price less discount.

        A price may have more places than money. A till rounds what a line costs, and adds that up.
        """
        declared = self.declared
        amounts: list[sql.Composable] = []
        if declared.amount:
            amounts.append(number(declared.amount))
        if declared.unit_price:
            values = {
                "quantity": quantity(declared.quantity),
                "price": number(declared.unit_price),
                "discount": number(declared.discount) if declared.discount else sql.SQL("0"),
                "places": sql.Literal(places),
            }
            # a return gives the discount back, too
            price_of_all = (
                "round({quantity} * {price} - sign({quantity})"
                " * abs(coalesce({discount}, 0)), {places})"
            )
            amounts.append(sql.SQL(price_of_all).format(**values))
        return sql.SQL("coalesce({})").format(sql.SQL(", ").join(amounts))

    def _files_of(self, feed: Feed, column: str, days: Collection[date]) -> list[str]:
        """Return the files that hold lines of some days, or of the night after them."""
        statement = STATEMENTS("files_of_days", **_landed(feed), day=day(column))
        wanted = sorted({*days, *(each + timedelta(days=1) for each in days)})
        rows = self.session.connection.execute(statement, {"days": wanted})
        return [name for (name,) in rows]


def _advice(feed: Feed, column: str, rows: Sequence[tuple[Any, ...]], option: str) -> str:
    """Return one sentence on values that cannot be read: the option by which they can, if any."""
    # for the start-up time: DuckDB takes a tenth of a second
    from ingest.sources.files.check import misread

    file, line, text, _ = rows[0]
    numbers, texts = zip(*(row[1:3] for row in rows if row[0] == file), strict=True)
    lines = pa.table({"_line_number": numbers, "_reject": pa.nulls(len(texts)), column: texts})
    return next(
        misread(feed, file, lines),
        f"The column {column} of the file {file} has {text!r} in line {line}, which cannot be "
        f"read: correct it, or {option} in {feed.section}.",
    )


def _landed(feed: Feed) -> dict[str, sql.Composable]:
    """Return where a feed's rows are, and its name, by which its dialect is found."""
    return {"table": sql.Identifier(RAW, feed.name), "feed": sql.Literal(feed.name)}
