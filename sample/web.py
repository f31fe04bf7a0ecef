"""The sample company's two web APIs: social posts and support tickets, on one small HTTP server.

What the APIs know stands in a SQLite file of its own, `.warehouse/sample/web.sqlite`, and follows
the tills: tickets are about real orders, and the APIs' clock stands at the afternoon after the
tills' last trading day. That clock is also the `Date` of every answer, as with any server.

- `GET /social/v1/posts`: page-numbered, key in the header `X-Api-Key`; the oldest change first.
- `POST /helpdesk/oauth/token`: client id and secret for a bearer token that expires.
- `GET /helpdesk/v2/tickets`: by cursor, with that token; the oldest change first.

Both lists take `updated_since` (inclusive), `updated_before` (exclusive) and `per_page`. `Faults`
makes the server as unreliable as wanted.
"""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from ingest import warehouse as warehouse_module
from ingest.warehouse import Warehouse, WarehouseError
from sample import company, voices
from sample.voices import Order, Story, stamp

FIRST_DAY = date(2015, 1, 1)
CLOCK_HOUR = 16
"""At this hour, UTC, of the next day all branches have closed, Honolulu last."""

WRITES_WITHIN = timedelta(hours=3)
"""Guests write to the help desk at most this long after their order."""

THREAD = "sample web APIs"
PAGE_ROWS, MOST_ROWS = 100, 200
LISTS = {"/social/v1/posts": "posts", "/helpdesk/v2/tickets": "tickets"}
TOKEN_PATH = "/helpdesk/oauth/token"  # noqa: S105 - an address

SCHEMA = """
    create table if not exists settings (name text primary key, value text not null);
    create table if not exists posts (
        id text primary key, updated_at text not null, record text not null,
        story text not null, ends_at text not null
    );
    create table if not exists tickets (
        id integer primary key, updated_at text not null, record text not null,
        story text not null, ends_at text not null
    );
    create index if not exists posts_updated on posts (updated_at, id);
    create index if not exists tickets_updated on tickets (updated_at, id);
"""

# Every fourteenth order makes its guest write; which one is the order number's luck.
ORDERS = """
    select
        orders.order_number,
        orders.ordered_at,
        orders.channel,
        cast(orders.total_amount as text),
        orders.currency,
        customers.full_name,
        customers.email
    from orders
    left join customers on orders.customer_id = customers.customer_id
    where
        orders.ordered_at > %s
        and orders.ordered_at <= %s
        and hashtextextended(orders.order_number, 0) %% 14 = 0
"""


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
    last_day = company.last_day(warehouse, prefix)
    until = datetime.combine(last_day + timedelta(days=1), time(CLOCK_HOUR), UTC)
    file().parent.mkdir(parents=True, exist_ok=True)
    with closing(_open(file())) as state:
        state.executescript(SCHEMA)
        with _writing(state):
            clock = _clock(state)
            since = clock or datetime.combine(FIRST_DAY, time(), UTC)
            if until <= since:
                return Happened(0, 0, 0, 0, 0, 0)
            happened = _live_on(state, warehouse, prefix, since, until)
            _set_clock(state, until)
    return happened


def _live_on(
    state: sqlite3.Connection, warehouse: Warehouse, prefix: str, since: datetime, until: datetime
) -> Happened:
    """Tell all stories that go on or begin between two moments of the clock."""
    first, last = stamp(since), stamp(until)
    changed: dict[str, int] = {}
    reopened = deleted = 0
    for table in LISTS.values():
        rows = state.execute(
            f"select id, story, updated_at from {table} where ends_at > ?",  # noqa: S608
            [first],
        )
        for key, text, updated_at in rows.fetchall():
            story = Story(**json.loads(text))
            record = story.told(last)
            if record["updated_at"] > updated_at:
                changed[table] = changed.get(table, 0) + 1
                reopened += any(
                    event.get("status") == "reopened" and first < event["at"] <= last
                    for event in story.events
                )
                deleted += table == "posts" and record["deleted_at"] is not None
                _keep(state, table, key, story, record)
    new_posts = [
        story
        for story in voices.posts(company.SEED, since.date() - timedelta(days=1), until.date())
        if first < story.begins_at <= last
    ]
    for story in new_posts:
        _keep(state, "posts", story.beginning["id"], story, story.told(last))
    new_tickets = [
        story
        for story in (
            voices.ticket(company.SEED, order)
            for order in _orders(warehouse, prefix, since - WRITES_WITHIN, until)
        )
        if first < story.begins_at <= last
    ]
    (newest,) = state.execute("select coalesce(max(id), 1000) from tickets").fetchone()
    by_time = sorted(new_tickets, key=lambda story: (story.begins_at, story.beginning["subject"]))
    for number, story in enumerate(by_time, newest + 1):
        story.beginning["id"] = number
        _keep(state, "tickets", number, story, story.told(last))
    return Happened(
        len(new_posts), changed.get("posts", 0), deleted,
        len(new_tickets), changed.get("tickets", 0), reopened,
    )  # fmt: skip


def _keep(
    state: sqlite3.Connection, table: str, key: str | int, story: Story, record: dict[str, Any]
) -> None:
    text = json.dumps({"beginning": story.beginning, "events": story.events}, ensure_ascii=False)
    state.execute(
        f"insert or replace into {table} (id, updated_at, record, story, ends_at)"  # noqa: S608
        " values (?, ?, ?, ?, ?)",
        [key, record["updated_at"], json.dumps(record, ensure_ascii=False), text, story.ends_at],
    )


def _orders(warehouse: Warehouse, prefix: str, since: datetime, until: datetime) -> Iterator[Order]:
    """Yield the orders that guests write about."""
    for branch_id in company.branch_ids():
        with warehouse.connect(prefix + branch_id, name="mypizza sample") as till:
            for row in till.execute(ORDERS, [since, until]).fetchall():
                yield Order(branch_id, *row)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30, isolation_level=None)


@contextmanager
def _writing(state: sqlite3.Connection) -> Iterator[None]:
    """Hold the file's write lock for one transaction."""
    state.execute("begin immediate")
    try:
        yield
    except BaseException:
        state.execute("rollback")
        raise
    state.execute("commit")


def _clock(state: sqlite3.Connection) -> datetime | None:
    row = state.execute("select value from settings where name = 'clock'").fetchone()
    return datetime.fromisoformat(row[0]) if row else None


def _set_clock(state: sqlite3.Connection, moment: datetime) -> None:
    state.execute("insert or replace into settings values ('clock', ?)", [stamp(moment)])


@dataclass
class Faults:
    """How unreliable the server is; everything counts requests, 0 means never.

    Attributes:
        too_many_every: each so many-th request is answered with 429.
        retry_after: what its header Retry-After says, in seconds.
        broken_every: each so many-th request is answered with 503.
        cut_every: each so many-th answer breaks off in the middle.
        is_down: every request is answered with 500.
        is_nonsense: every answer is a page of HTML.
        shift_every: after each so many-th page of a list, one of its rows changes.
        token_requests: a token is good for so many requests, whatever was said of it.
        token_seconds: how long a token lives, and is said to.
        hidden: so many rows are counted and never handed out.
        is_going_round: every page of tickets says that there is another, under the same cursor.
        delay_seconds: how long every answer takes.
        stall_at: the so many-th request gets no answer until `resume` is set.
        resume: lets the stalled request go on.
        stalled: is set when that request waits.
    """

    too_many_every: int = 0
    retry_after: float = 1
    broken_every: int = 0
    cut_every: int = 0
    is_down: bool = False
    is_nonsense: bool = False
    shift_every: int = 0
    token_requests: int = 0
    token_seconds: int = 3600
    hidden: int = 0
    is_going_round: bool = False
    delay_seconds: float = 0
    stall_at: int = 0
    resume: threading.Event = field(default_factory=threading.Event)
    stalled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Request:
    """A request as the server remembers it."""

    path: str
    parameters: dict[str, str]
    status: int


class Server:
    """The running server; use it in a `with` statement.

    Attributes:
        faults: may be changed while it runs.
        requests: all that was asked, in order.
        api_key: opens the posts.
        client_id: with `client_secret` gets a token for the tickets.
        client_secret: made anew by each server, unless given.
    """

    def __init__(
        self,
        path: Path | None = None,
        faults: Faults | None = None,
        api_key: str | None = None,
        client_secret: str | None = None,
        port: int = 0,
    ) -> None:
        """Bind the port.

        Args:
            path: the SQLite file; default the warehouse folder's.
            faults: what is to go wrong.
            api_key: default a random one.
            client_secret: default a random one.
            port: default one that is free.

        Raises:
            WarehouseError: there is no such file.
        """
        self.path = path or file()
        if not self.path.exists():
            raise WarehouseError(
                f"The sample's web APIs have nothing to say ({self.path} is missing): run "
                "`mypizza sample create`."
            )
        self.faults = faults or Faults()
        self.requests: list[Request] = []
        self.api_key = api_key or secrets.token_urlsafe(24)
        self.client_id = "mypizza"
        self.client_secret = client_secret or secrets.token_urlsafe(24)
        self.tokens: dict[str, tuple[datetime, int]] = {}
        self.lock = threading.Lock()
        self.asked = self.pages = 0
        self._server = _HttpServer(("127.0.0.1", port), type("Handler", (_Handler,), {"web": self}))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name=THREAD
        )

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def access(self, source: str) -> tuple[str, dict[str, str]]:
        """Return an API's address and what opens it, by the names of the configuration.

        Args:
            source: "social" or "tickets".
        """
        if source == "social":
            return f"{self.url}/social/v1", {"api_key": self.api_key}
        return f"{self.url}/helpdesk", {
            "client_id": self.client_id, "client_secret": self.client_secret,
        }  # fmt: skip

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, also where a request stalls."""
        self.faults.resume.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def now(self) -> datetime:
        """Return the moment that the APIs take to be the present."""
        with closing(_open(self.path)) as state:
            return _clock(state) or datetime.now(UTC)

    def wait(self, seconds: int) -> None:
        """Let the APIs' clock go on.

        Args:
            seconds: by how much.
        """
        with closing(_open(self.path)) as state, _writing(state):
            _set_clock(state, (_clock(state) or datetime.now(UTC)) + timedelta(seconds=seconds))

    def change(self, table: str, key: str | int, **values: Any) -> None:
        """Change a record now, or make one.

        Args:
            table: "posts" or "tickets".
            key: its id.
            values: what to change; `updated_at` is the present unless given.
        """
        with closing(_open(self.path)) as state, _writing(state):
            now = (_clock(state) or datetime.now(UTC)) + timedelta(seconds=1)
            _set_clock(state, now)
            row = state.execute(
                f"select record, story, ends_at from {table} where id = ?",  # noqa: S608
                [key],
            ).fetchone()
            record, story, ends_at = row or ('{"id": null, "deleted_at": null}', "{}", "")
            changed = json.loads(record) | {"id": key, "updated_at": stamp(now)} | values
            state.execute(
                f"insert or replace into {table} values (?, ?, ?, ?, ?)",  # noqa: S608
                # a list goes by the time of change, also of a record that does not say it
                [key, changed["updated_at"] or stamp(now), json.dumps(changed), story, ends_at],
            )

    def records(self, table: str) -> dict[str | int, dict[str, Any]]:
        """Return all that an API knows, by id.

        Args:
            table: "posts" or "tickets".
        """
        with closing(_open(self.path)) as state:
            rows = state.execute(f"select id, record from {table}")  # noqa: S608
            return {key: json.loads(record) for key, record in rows}


class _HttpServer(ThreadingHTTPServer):
    """Python's server, which minds no client that leaves."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that its client has closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    web: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits for the client's delayed acknowledgement

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Say nothing: `requests` remembers."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the header Date: the APIs' own present."""
        del timestamp
        return format_datetime(self.web.now(), usegmt=True)

    def _answer(self) -> None:
        web, faults = self.web, self.web.faults
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        parameters = dict(parse_qsl(address.query if self.command == "GET" else body))
        with web.lock:
            web.asked += 1
            number = web.asked
        if number == faults.stall_at:
            faults.stalled.set()
            faults.resume.wait()
        sleep(faults.delay_seconds)
        headers: dict[str, str] = {}
        if faults.is_down:
            status, answer = 500, {"error": "internal error"}
        elif _each(faults.too_many_every, number):
            status, answer = 429, {"error": "too many requests"}
            headers["Retry-After"] = f"{faults.retry_after:g}"
        elif _each(faults.broken_every, number):
            status, answer = 503, {"error": "try again later"}
        else:
            status, answer = self._route(address.path, parameters)
        kept = {name: value for name, value in parameters.items() if "secret" not in name}
        web.requests.append(Request(address.path, kept, status))
        content = b"<html>Under maintenance" if faults.is_nonsense else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if _each(faults.cut_every, number):
            content, self.close_connection = content[: len(content) // 2], True
        self.wfile.write(content)

    def _route(self, path: str, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return an answer's status and body."""
        if path == TOKEN_PATH and self.command == "POST":
            return self._token(parameters)
        if path not in LISTS or self.command != "GET":
            return 404, {"error": f"there is no {path}"}
        if not (self._has_key() if LISTS[path] == "posts" else self._has_token()):
            return 401, {"error": "who are you?"}
        try:
            with closing(_open(self.web.path)) as state:
                page = _page(state, LISTS[path], parameters, self.web.faults.hidden)
        except ValueError as error:
            return 400, {"error": f"a parameter cannot be read: {error}"}
        if self.web.faults.is_going_round and "meta" in page:
            page["meta"] |= {
                "has_more": True,
                "after_cursor": parameters.get("cursor", "WyIiLCAwXQ=="),
            }
        with self.web.lock:
            self.web.pages += 1
            shifts = _each(self.web.faults.shift_every, self.web.pages)
        rows = page[LISTS[path]]
        if shifts and rows:
            self.web.change(LISTS[path], rows[len(rows) // 2]["id"])
        return 200, page

    def _has_key(self) -> bool:
        return secrets.compare_digest(self.headers.get("X-Api-Key", ""), self.web.api_key)

    def _has_token(self) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with self.web.lock:
            expires_at, left = self.web.tokens.get(token, (datetime.min.replace(tzinfo=UTC), 0))
            self.web.tokens[token] = (expires_at, left - 1)
        return left != 0 and datetime.now(UTC) < expires_at

    def _token(self, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
        web = self.web
        given = (parameters.get("client_id", ""), parameters.get("client_secret", ""))
        if given != (web.client_id, web.client_secret):
            return 401, {"error": "invalid_client"}
        token = secrets.token_urlsafe(24)
        expires_at = datetime.now(UTC) + timedelta(seconds=web.faults.token_seconds)
        with web.lock:
            web.tokens[token] = (expires_at, web.faults.token_requests or -1)
        return 200, {
            "access_token": token, "token_type": "bearer", "expires_in": web.faults.token_seconds,
        }  # fmt: skip


def _each(every: int, number: int) -> bool:
    return every > 0 and number % every == 0


def _page(
    state: sqlite3.Connection, table: str, parameters: dict[str, str], hidden: int
) -> dict[str, Any]:
    """Return one page of a list: by number the posts, by cursor the tickets."""
    since = _moment(parameters.get("updated_since"), "0000")
    before = _moment(parameters.get("updated_before"), "9999")
    size = min(int(parameters.get("per_page", PAGE_ROWS)), MOST_ROWS)
    if size < 1:
        raise ValueError("per_page is at least 1")
    in_range = f"from {table} where updated_at >= ? and updated_at < ?"
    state.execute("begin")  # so that the page and the total belong together
    (total,) = state.execute(f"select count(*) {in_range}", [since, before]).fetchone()
    total += hidden
    if table == "posts":
        number = int(parameters.get("page", 1))
        rows = state.execute(
            f"select record {in_range} order by updated_at, id limit ? offset ?",
            [since, before, size, (number - 1) * size],
        ).fetchall()
        posts = [json.loads(record) for (record,) in rows]
        return {"posts": posts, "page": number, "pages": -(-total // size), "total": total}
    after: list[Any] = ["", 0]
    if "cursor" in parameters:
        after = json.loads(base64.urlsafe_b64decode(parameters["cursor"]))
    rows = state.execute(
        f"select record {in_range} and (updated_at, id) > (?, ?) order by updated_at, id limit ?",
        [since, before, *after, size + 1],
    ).fetchall()
    tickets = [json.loads(record) for (record,) in rows[:size]]
    last = [tickets[-1]["updated_at"], tickets[-1]["id"]] if tickets else after
    return {
        "tickets": tickets,
        "meta": {
            "has_more": len(rows) > size,
            "after_cursor": base64.urlsafe_b64encode(json.dumps(last).encode()).decode(),
            "total": total,
        },
    }


def _moment(text: str | None, default: str) -> str:
    return stamp(datetime.fromisoformat(text)) if text else default
