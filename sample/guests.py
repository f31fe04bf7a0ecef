"""What the sample company's two web APIs know: guests who post and who write to the help desk.

It is kept in a SQLite file of its own, `.warehouse/sample/web.sqlite`, and follows the tills:
tickets are about real orders, and the APIs' clock stands at the afternoon after the tills' last
trading day.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from ingest import warehouse as warehouse_module
from ingest.warehouse import Warehouse
from sample import company, voices
from sample.voices import Order, Story, stamp

FOLDER = Path(__file__).parent

TABLES = ("posts", "tickets")
CLOCK_HOUR = 16
"""At this hour, UTC, of the next day all branches have closed, Honolulu last."""

WRITES_WITHIN = timedelta(hours=3)
"""Guests write to the help desk at most this long after their order."""


@dataclass(frozen=True)
class Happened:
    """What came to the two APIs while they caught up with the tills."""

    posts: int
    changed_posts: int
    deleted_posts: int
    tickets: int
    changed_tickets: int
    reopened_tickets: int


def file() -> Path:
    """Return where the APIs keep what they know."""
    return warehouse_module.warehouse_dir() / "sample" / "web.sqlite"


def catch_up(warehouse: Warehouse, prefix: str = "till_") -> Happened:
    """Let guests post and write until the tills' last trading day, at first from the beginning.

    One transaction: cut short, it leaves everything as it was.

    Args:
        warehouse: the server that the sample's tills are on.
        prefix: of the tills' databases' names, before the branch id.

    Returns:
        What was new.

    Raises:
        WarehouseError: a till is missing or was never completed.
    """
    tills = _Tills(warehouse, prefix, company.branches_of(warehouse, prefix))
    last_day = company.last_day(warehouse, prefix)
    until = datetime.combine(last_day + timedelta(days=1), time(CLOCK_HOUR), UTC)
    file().parent.mkdir(parents=True, exist_ok=True)
    with closing(open_state(file())) as state:
        state.executescript((FOLDER / "web.sql").read_text(encoding="utf-8"))
        with writing(state):
            clock = clock_of(state)
            since = clock or datetime.combine(company.first_day(warehouse, prefix), time(), UTC)
            if until <= since:
                return Happened(0, 0, 0, 0, 0, 0)
            happened = _live_on(state, tills, since, until)
            set_clock(state, until)
    return happened


@dataclass(frozen=True)
class _Tills:
    """Where the orders are that guests write about."""

    warehouse: Warehouse
    prefix: str
    branches: Sequence[str]


def _live_on(
    state: sqlite3.Connection, tills: _Tills, since: datetime, until: datetime
) -> Happened:
    """Tell all stories that go on or begin between two moments of the clock."""
    first, last = stamp(since), stamp(until)
    changed, deleted, reopened = _go_on(state, first, last)
    days = (since.date() - timedelta(days=1), until.date())
    posts = voices.posts(company.SEED, *days, tills.branches)
    new_posts = [story for story in posts if first < story.begins_at <= last]
    for story in new_posts:
        _keep(state, "posts", story.beginning["id"], story, story.told(last))
    orders = _orders(tills, since - WRITES_WITHIN, until)
    tickets = (voices.ticket(company.SEED, order) for order in orders)
    new_tickets = [story for story in tickets if first < story.begins_at <= last]
    (newest,) = state.execute("select coalesce(max(id), 1000) from tickets").fetchone()
    by_time = sorted(new_tickets, key=lambda story: (story.begins_at, story.beginning["subject"]))
    for number, story in enumerate(by_time, newest + 1):
        story.beginning["id"] = number
        _keep(state, "tickets", number, story, story.told(last))
    return Happened(
        len(new_posts), changed["posts"], deleted, len(new_tickets), changed["tickets"], reopened
    )


def _go_on(state: sqlite3.Connection, first: str, last: str) -> tuple[dict[str, int], int, int]:
    """Tell the stories that go on; count what changed by table, what was deleted and reopened."""
    changed = dict.fromkeys(TABLES, 0)
    reopened = deleted = 0
    for table in TABLES:
        rows = state.execute(
            f"select id, story, updated_at from {table} where ends_at > ?",  # noqa: S608 - ours
            [first],
        )
        for key, text, updated_at in rows.fetchall():
            story = Story(**json.loads(text))
            record = story.told(last)
            if record["updated_at"] > updated_at:
                changed[table] += 1
                reopened += any(
                    event.get("status") == "reopened" and first < event["at"] <= last
                    for event in story.events
                )
                deleted += table == "posts" and record["deleted_at"] is not None
                _keep(state, table, key, story, record)
    return changed, deleted, reopened


def _keep(
    state: sqlite3.Connection, table: str, key: str | int, story: Story, record: dict[str, Any]
) -> None:
    text = json.dumps({"beginning": story.beginning, "events": story.events}, ensure_ascii=False)
    state.execute(
        f"insert or replace into {table} (id, updated_at, record, story, ends_at)"  # noqa: S608
        " values (?, ?, ?, ?, ?)",
        [key, record["updated_at"], json.dumps(record, ensure_ascii=False), text, story.ends_at],
    )


def _orders(tills: _Tills, since: datetime, until: datetime) -> Iterator[Order]:
    """Yield the orders that guests write about."""
    complaints = (FOLDER / "complaints.sql").read_bytes()
    for branch_id in tills.branches:
        with tills.warehouse.connect(tills.prefix + branch_id, name="mypizza sample") as till:
            for row in till.execute(
                complaints, {"written_after": since, "written_until": until}
            ).fetchall():
                yield Order(branch_id, *row)


def open_state(path: Path) -> sqlite3.Connection:
    """Open what the APIs know; every statement is its own transaction, unless `writing`."""
    return sqlite3.connect(path, timeout=30, isolation_level=None)


@contextmanager
def writing(state: sqlite3.Connection) -> Iterator[None]:
    """Hold the file's write lock for one transaction."""
    state.execute("begin immediate")
    try:
        yield
    except BaseException:
        state.execute("rollback")
        raise
    state.execute("commit")


def clock_of(state: sqlite3.Connection) -> datetime | None:
    """Return the moment that the APIs take to be the present, None before the first."""
    row = state.execute("select value from settings where name = 'clock'").fetchone()
    return datetime.fromisoformat(row[0]) if row else None


def set_clock(state: sqlite3.Connection, moment: datetime) -> None:
    """Let the APIs take a moment to be the present."""
    state.execute("insert or replace into settings values ('clock', ?)", [stamp(moment)])
