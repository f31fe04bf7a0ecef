"""Posts and tickets come in whole, once, whatever their APIs do. The real server, real faults."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ingest import warehouse as warehouse_module
from ingest.loads import driver
from ingest.loads.source import LoadResult
from ingest.sources.web import api as web
from ingest.sources.web.social import SOCIAL, ShiftingPages
from ingest.sources.web.tickets import TICKETS
from ingest.warehouse import PROJECT_DIR, Warehouse
from sample import company, guests, voices
from sample import web as sample_web
from sample.web import Faults, Server

SOURCES = {source.name: source for source in (SOCIAL, TICKETS)}
TABLES = {name: source.table for name, source in SOURCES.items()}
LISTS = {"social": "/social/v1/posts", "tickets": "/helpdesk/v2/tickets"}
SCHEMAS = [f"raw_{source}{staging}" for source in TABLES for staging in ("", "_staging")]

QUARTER = company.Size(weeks=13)

# A run in a process of its own, so that it can be killed in the middle.
A_RUN = """
import sys
from ingest import warehouse
from ingest.loads import driver
from ingest.sources.registry import chosen
driver.run(warehouse.resolve(), chosen(sys.argv[1:]))
"""

# The command line, without the long pauses of its patience.
THE_COMMAND = """
from ingest import cli
from ingest.sources.web import api as web
web.FIRST_PAUSE = 0.01
cli.main()
"""


@dataclass(frozen=True)
class World:
    """An empty warehouse, and the APIs as they stand after the published year."""

    warehouse: Warehouse
    server: Server

    def run(self, *sources: str) -> list[LoadResult]:
        """Load the APIs, as the command line does."""
        return driver.run(self.warehouse, [SOURCES[name] for name in sources or SOURCES])

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with self.warehouse.connect() as connection:
            return connection.execute(statement).fetchall()

    def raw(self, source: str) -> dict[Any, dict[str, Any]]:
        """Return the raw rows by key, as the API would write them."""
        table = TABLES[source]
        rows = self.query(f"select to_jsonb(t) from raw_{source}.{table} as t")
        found = {row["id"]: row for (row,) in rows}
        assert len(found) == len(rows)
        for row in found.values():
            row["deleted_at"] = row.pop("_deleted_at")
            for name in [name for name in row if name.startswith("_dlt")]:
                del row[name]
            for name, value in row.items():
                if name.endswith("_at") and value:
                    row[name] = voices.stamp(datetime.fromisoformat(value))
        return found

    def is_equal(self, source: str) -> bool:
        """Say whether the raw layer has exactly what the API has."""
        return self.raw(source) == self.server.records(TABLES[source])

    def asked(self, source: str) -> list[dict[str, str]]:
        """Return the parameters of the pages that were given out, in order."""
        return [
            request.parameters
            for request in self.server.requests
            if request.path == LISTS[source]
            and request.status == 200
            and "updated_since" in request.parameters
        ]


@pytest.fixture(scope="module")
def published(warehouse: Warehouse) -> Path:
    """What the APIs know after the last quarter of the published year."""
    company.create(warehouse, QUARTER)
    guests.catch_up(warehouse)
    return guests.file()


@pytest.fixture
def world(
    published: Path, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A server with a copy of it, reached by the configuration, and pauses that tests can bear."""
    with warehouse.connect() as connection:
        for schema in SCHEMAS:
            connection.execute(f"drop schema if exists {schema} cascade".encode())
    monkeypatch.setattr(web, "FIRST_PAUSE", 0.01)
    shutil.copy(published, tmp_path / "web.sqlite")
    with Server(tmp_path / "web.sqlite") as server:
        for source in TABLES:
            url, secrets = server.access(source)
            for name, value in {"url": url, **secrets}.items():
                monkeypatch.setenv(f"SOURCES__{source.upper()}__{name.upper()}", value)
        yield World(warehouse, server)


def outcomes(results: list[LoadResult]) -> list[tuple[str, str, str | None]]:
    return [(result.source, result.outcome, result.error) for result in results]


def succeeded(results: list[LoadResult]) -> bool:
    return all(result.outcome == "succeeded" for result in results)


def test_all_posts_and_tickets_come_in_once_and_a_second_run_brings_nothing(world: World) -> None:
    first = world.run()
    assert [(result.kind, result.row_count) for result in first] == [
        ("initial", len(world.server.records(table))) for table in TABLES.values()
    ]
    assert all(world.is_equal(source) for source in TABLES)
    loads = "select count(*) from raw_{}._dlt_loads"
    before = [world.query(loads.format(source)) for source in TABLES]
    second = world.run()
    assert [(result.kind, result.row_count) for result in second] == [("incremental", 0)] * 2
    assert [world.query(loads.format(source)) for source in TABLES] == before
    assert world.query(
        "select source, branch_id, kind, row_count, outcome, error from audit.loads"
        " where source <> 'pos' order by started_at desc limit 4"
    )[2:] == [
        (result.source, None, "initial", result.row_count, "succeeded", None)
        for result in reversed(first)
    ]


def test_raw_has_a_key_an_index_of_loads_and_nested_parts_as_json(world: World) -> None:
    world.run()
    assert world.query(
        "select indexname, indexdef ~ 'UNIQUE' from pg_indexes"
        " where schemaname in ('raw_social', 'raw_tickets')"
        " and indexname ~ '^(posts|tickets)_(key|load)$' order by 1"
    ) == [
        ("posts_key", True), ("posts_load", False), ("tickets_key", True), ("tickets_load", False),
    ]  # fmt: skip
    assert world.query(
        "select string_agg(column_name, ' ' order by column_name) from information_schema.columns"
        " where table_name in ('posts', 'tickets') and data_type = 'jsonb'"
        " and table_schema in ('raw_social', 'raw_tickets')"
    ) == [("author comments compensation hashtags mentions place requester status_history",)]


def test_a_later_run_asks_from_the_last_change_on_and_brings_only_what_changed(
    world: World,
) -> None:
    world.run()
    newest = {
        source: max(record["updated_at"] for record in world.server.records(table).values())
        for source, table in TABLES.items()
    }
    posts, tickets = world.server.records("posts"), world.server.records("tickets")
    liked, deleted = list(posts)[5:7]
    reopened, spam = list(tickets)[100:102]
    world.server.change("posts", liked, likes=9999)
    world.server.change("posts", deleted, deleted_at="2016-01-01T16:00:02Z", text=None, author=None)
    world.server.change("tickets", reopened, status="reopened")
    world.server.change("tickets", spam, deleted_at="2016-01-01T16:00:04Z")
    world.server.wait(120)
    world.server.requests.clear()
    assert [result.row_count for result in world.run()] == [2, 2]
    assert all(world.is_equal(source) for source in TABLES)
    assert {source: world.asked(source)[0]["updated_since"] for source in TABLES} == newest
    assert [len(world.asked(source)) for source in TABLES] == [1, 1]
    assert world.query(
        f"select author, text, _deleted_at is not null from raw_social.posts where id = '{deleted}'"
    ) == [(None, None, True)]


def test_what_changed_in_the_last_minute_waits_and_a_date_in_the_future_holds_nothing_up(
    world: World,
) -> None:
    future, fresh = {}, {}
    for source, table in TABLES.items():
        future[source], fresh[source] = list(world.server.records(table))[:2]
        world.server.change(table, future[source], updated_at="2031-01-01T00:00:00Z")
        world.server.change(table, fresh[source])

    def missing(source: str) -> set[Any]:
        return world.server.records(TABLES[source]).keys() - world.raw(source).keys()

    world.run()
    assert [missing(s) for s in TABLES] == [{future[s], fresh[s]} for s in TABLES]
    world.server.wait(90)
    world.run()
    assert [missing(s) for s in TABLES] == [{future[s]} for s in TABLES]


def test_rows_that_appear_later_than_their_date_are_missed_and_everything_is_read_again(
    world: World,
) -> None:
    world.run()
    world.server.change("posts", "late", updated_at="2015-03-01T00:00:00Z", likes=1)
    world.server.change("tickets", 77, updated_at="2015-03-01T00:00:00Z", status="new")
    results = world.run()
    assert [(result.source, result.kind, result.outcome) for result in results] == [
        (source, kind, "succeeded") for source in TABLES for kind in ("incremental", "heal")
    ]
    assert world.raw("social")["late"]["likes"] == 1
    assert world.raw("tickets")[77]["status"] == "new"
    assert [result.kind for result in world.run()] == ["incremental"] * 2


def test_a_source_that_hands_out_less_than_it_counts_says_so(world: World) -> None:
    world.server.faults = Faults(hidden=3)
    results = world.run()
    assert [(result.kind, result.outcome) for result in results] == [
        ("initial", "succeeded"), ("heal", "failed"),
    ] * 2  # fmt: skip
    assert results[1].error is not None
    assert "The source social says that it has 3 rows more than it returns" in results[1].error
    recorded = "select error from audit.loads where kind = 'heal' and source = 'social'"
    assert (results[1].error,) in world.query(recorded)


def test_a_source_without_rows_has_its_table_all_the_same(world: World) -> None:
    with sqlite3.connect(world.server.path) as state:
        for table in TABLES.values():
            state.execute(f"delete from {table}")
    assert succeeded(world.run())
    assert all(world.raw(source) == {} for source in TABLES)
    columns = "select count(*) from information_schema.columns where table_schema = 'raw_tickets'"
    assert world.query(f"{columns} and table_name = 'tickets'") == [(18,)]
    world.server.change("posts", "first", likes=1)
    world.server.change("tickets", 1, status="new")
    world.server.wait(120)
    assert [(result.kind, result.row_count) for result in world.run()] == [("incremental", 1)] * 2


@pytest.mark.parametrize(
    "faults",
    [
        {"too_many_every": 4, "retry_after": 0.0},
        {"broken_every": 3},
        {"cut_every": 5},
        {"too_many_every": 5, "broken_every": 7, "cut_every": 11, "retry_after": 0.0},
    ],
    ids=["429", "503", "cut short", "all"],
)
def test_an_unreliable_server_is_asked_again(world: World, faults: dict[str, Any]) -> None:
    world.server.faults = Faults(**faults)
    assert succeeded(world.run())
    assert all(world.is_equal(source) for source in TABLES)
    statuses = Counter(request.status for request in world.server.requests)
    assert statuses.keys() - {200} == {
        status
        for name, status in (("too_many_every", 429), ("broken_every", 503))
        if name in faults
    }


def test_retry_after_is_waited_for_but_not_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SOCIAL__PAGE_ROWS", "30")
    world.server.faults = Faults(too_many_every=20, retry_after=1)
    started = time.monotonic()
    assert succeeded(world.run("social"))
    assert Counter(request.status for request in world.server.requests)[429] == 1
    assert time.monotonic() - started > 1
    monkeypatch.setattr(web, "LONGEST_PAUSE", 0.1)
    world.server.faults = Faults(too_many_every=3, retry_after=86_400)
    started = time.monotonic()
    assert succeeded(world.run("tickets"))
    assert time.monotonic() - started < 60


def test_a_silent_server_is_asked_again_after_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "READ_SECONDS", 0.5)
    world.server.faults = Faults(stall_at=3)
    assert succeeded(world.run("social"))
    assert world.server.faults.stalled.is_set()
    assert world.is_equal("social")


@pytest.mark.parametrize("chunk_pages", [4, 50])
def test_pages_that_shift_while_they_are_read_lose_nothing(
    world: World, chunk_pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in TABLES:
        monkeypatch.setenv(f"SOURCES__{source.upper()}__CHUNK_PAGES", str(chunk_pages))
        monkeypatch.setenv(f"SOURCES__{source.upper()}__PAGE_ROWS", "30")
    world.server.faults = Faults(shift_every=1)
    present = voices.stamp(world.server.now())
    assert [(result.kind, result.outcome) for result in world.run()] == [
        ("initial", "succeeded")
    ] * 2
    for source, table in TABLES.items():
        settled = {
            key: record
            for key, record in world.server.records(table).items()
            if record["updated_at"] < present
        }
        raw = world.raw(source)
        assert {key: raw.get(key) for key in settled} == settled, source
        assert len(settled) < len(world.server.records(table)) - 10, "too little has shifted"
    world.server.faults = Faults()
    world.server.wait(3600)
    world.run()
    assert all(world.is_equal(source) for source in TABLES)


def test_pages_are_read_without_a_gap_whatever_leaves_the_list() -> None:
    for seed in range(400):
        luck = random.Random(seed)  # noqa: S311 - dice
        size, limit = luck.choice([1, 2, 5]), luck.choice([1, 3, 100])
        rows = list(range(luck.randrange(60)))
        pages, seen = ShiftingPages(size, limit), set[int]()
        request = requests.Request()
        pages.init_request(request)
        while pages.has_next_page:
            start = (pages.current_value - 1) * size
            data = rows[start : start + size]
            seen.update(data)
            answer = requests.Response()
            answer._content = json.dumps(
                {"total": len(rows), "pages": -(-len(rows) // size)}
            ).encode()
            pages.update_state(answer, data)
            pages.update_request(request)
            for gone in luck.sample(rows, min(len(rows), luck.choice([0, 0, 1, 2, 7]))):
                rows.remove(gone)
        complete_to = max(seen, default=-1) if pages.is_cut else 60
        assert [row for row in rows if row <= complete_to and row not in seen] == [], seed


def test_a_server_with_smaller_pages_than_asked_for_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SOCIAL__PAGE_ROWS", "500")
    (result,) = world.run("social")
    assert result.error is not None
    pages = -(-len(world.server.records("posts")) // 200)
    assert f"gives 200 posts on page 1 of {pages} where 500 were asked for" in result.error


def test_a_token_is_renewed_in_the_middle_of_paging(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__TICKETS__PAGE_ROWS", "5")
    world.server.faults = Faults(token_requests=7)
    assert succeeded(world.run("tickets"))
    assert world.is_equal("tickets")
    statuses = Counter(request.status for request in world.server.requests)
    assert statuses[401] > 8
    tokens = [r for r in world.server.requests if r.path == sample_web.TOKEN_PATH]
    assert len(tokens) == statuses[401] + 4, "two probes and two loads begin with one"


def test_a_token_is_renewed_before_its_time_is_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__TICKETS__PAGE_ROWS", "20")
    world.server.faults = Faults(token_seconds=1, delay_seconds=0.15)
    assert succeeded(world.run("tickets"))
    assert world.is_equal("tickets")
    tokens = [r for r in world.server.requests if r.path == sample_web.TOKEN_PATH]
    assert len(tokens) > 3


@pytest.mark.parametrize("source", TABLES)
def test_a_run_killed_on_page_70_of_100_goes_on_without_loss_or_repetition(
    world: World, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = len(world.server.records(TABLES[source]))
    monkeypatch.setenv(f"SOURCES__{source.upper()}__PAGE_ROWS", str(-(-rows // 99)))
    monkeypatch.setenv(f"SOURCES__{source.upper()}__CHUNK_PAGES", "20")
    # Before its pages a run asks for the present; a token is fetched for that, and for each load.
    before = 1 if source == "social" else 6
    world.server.faults = Faults(stall_at=before + 70)
    process = subprocess.Popen([sys.executable, "-c", A_RUN, source])
    assert world.server.faults.stalled.wait(60)
    process.kill()
    process.wait()
    world.server.faults.resume.set()
    watermark = world.query(
        f"select max(updated_at) from raw_{source}.{TABLES[source]}"
        f" where _dlt_load_id in (select load_id from raw_{source}._dlt_loads where status = 0)"
    )[0][0]
    landed = world.query(f"select count(*) from raw_{source}.{TABLES[source]}")[0][0]
    assert landed > rows * 0.55
    world.server.requests.clear()
    (result,) = world.run(source)
    assert (result.outcome, result.kind) == ("succeeded", "incremental")
    assert result.row_count == rows - landed
    assert world.is_equal(source)
    assert min(page["updated_since"] for page in world.asked(source)) == voices.stamp(watermark)
    assert len(world.asked(source)) < 50
    assert world.query(
        f"select outcome from audit.loads where source = '{source}'"
        " order by started_at desc limit 2"
    ) == [("succeeded",), ("interrupted",)]


def test_more_rows_of_one_moment_than_a_load_takes_do_not_hold_it_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in TABLES:
        monkeypatch.setenv(f"SOURCES__{source.upper()}__PAGE_ROWS", "20")
        monkeypatch.setenv(f"SOURCES__{source.upper()}__CHUNK_PAGES", "3")
    with sqlite3.connect(world.server.path) as state:
        for table in TABLES.values():
            state.execute(
                f"update {table} set updated_at = '2015-11-15T00:00:00Z', record ="
                " json_set(record, '$.updated_at', '2015-11-15T00:00:00Z')"
                f" where id in (select id from {table} order by id limit 300)"
            )
            state.execute(
                f"delete from {table} where updated_at > '2015-12-01' or updated_at < '2015-11-01'"
            )
    assert succeeded(world.run())
    assert all(world.is_equal(source) for source in TABLES)


def test_a_source_that_is_down_says_so_and_does_not_stop_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SOCIAL__URL", "http://127.0.0.1:1/social/v1")
    results = world.run()
    assert outcomes(results) == [
        (
            "social",
            "failed",
            "The source social at 127.0.0.1:1 cannot be read (no connection, after 6 attempts): "
            "check that it runs and the url in [sources.social] of .dlt/config.toml; the next run "
            "goes on after the last complete load.",
        ),
        ("tickets", "succeeded", None),
    ]
    assert world.is_equal("tickets")
    monkeypatch.setenv("SOURCES__SOCIAL__URL", world.server.access("social")[0])
    assert succeeded(world.run())
    assert world.is_equal("social")


@pytest.mark.parametrize(
    ("faults", "variables", "sentence"),
    [
        ({"is_down": True}, {}, "is broken (it answered 500 to 6 attempts)"),
        ({"too_many_every": 1, "retry_after": 0.0}, {}, "asks to slow down (it answered 429"),
        ({"is_nonsense": True}, {}, "answers with something other than JSON"),
        ({"cut_every": 1}, {}, "cannot be read (its answers break off, after 6 attempts)"),
        ({}, {"API_KEY": "canary-wr0ng", "CLIENT_SECRET": "canary-wr0ng"}, "refuses its "),
        ({}, {"URL": "{}/elsewhere"}, "rejects the request (it answered 404)"),
        ({}, {"URL": "//nowhere"}, "; write it as https://api.example.com/v1"),
        ({}, {"API_KEY": "", "CLIENT_SECRET": ""}, "in .dlt/config.toml has no "),
    ],
)
def test_an_unusable_api_gets_one_clear_sentence(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    faults: dict[str, Any],
    variables: dict[str, str],
    sentence: str,
) -> None:
    world.server.faults = Faults(**faults)
    for source in TABLES:
        for name, value in variables.items():
            variable = f"SOURCES__{source.upper()}__{name}"
            monkeypatch.setenv(variable, value.format(os.environ.get(variable)))
    for source, outcome, error in outcomes(world.run()):
        assert outcome == "failed"
        assert error is not None
        assert sentence in error
        assert error.count("\n") == 0
        assert source in error
        assert error.endswith(".")
        assert "canary" not in error
    assert len(world.server.requests) <= 12


def test_a_desk_that_hands_out_the_same_cursor_for_ever_is_left_with_one_sentence(
    world: World,
) -> None:
    world.server.faults = Faults(is_going_round=True)
    (_, _, error) = next(each for each in outcomes(world.run()) if each[0] == "tickets")
    assert error is not None
    assert "returns the same cursor again" in error
    assert len(world.server.requests) < 300


def test_no_secret_is_printed_kept_or_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = "canary-k3y-of-social", "canary-s3cret-of-tickets"
    monkeypatch.setenv("SOURCES__SOCIAL__API_KEY", key)
    monkeypatch.setenv("SOURCES__TICKETS__CLIENT_SECRET", secret)
    ran = []
    with Server(world.server.path, api_key=key, client_secret=secret) as server:
        for source in TABLES:
            monkeypatch.setenv(f"SOURCES__{source.upper()}__URL", server.access(source)[0])
        command = [sys.executable, "-c", THE_COMMAND, "ingest", *TABLES]
        for is_down in (False, True):
            server.faults.is_down = is_down
            ran.append(subprocess.run(command, capture_output=True, text=True))
        tokens = list(server.tokens)
    ran.append(subprocess.run(command, capture_output=True, text=True))
    assert [run.returncode for run in ran] == [0, 1, 1], ran[0].stdout + ran[0].stderr
    printed = "".join(run.stdout + run.stderr for run in ran)
    folder = warehouse_module.warehouse_dir() / "dlt"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    recorded = ""
    for (table,) in world.query(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
        " where schemaname = 'audit' or schemaname in ('raw_social', 'raw_tickets')"
    ):
        recorded += str(world.query(f"select t::text from {table} as t"))
    assert len(tokens) > 1
    for canary in (key, secret, *tokens):
        assert canary not in printed
        assert canary not in recorded
        assert [path for path in files if canary.encode() in path.read_bytes()] == []


def test_new_columns_are_taken_and_named_and_a_changed_type_is_refused(world: World) -> None:
    world.run()
    ticket = next(iter(world.server.records("tickets")))
    world.server.change("tickets", ticket, mood="calm")
    world.server.wait(120)
    (result,) = world.run("tickets")
    assert result.notes == ("New column tickets.mood (character varying) of tickets.",)
    assert world.raw("tickets")[ticket]["mood"] == "calm"
    post = next(iter(world.server.records("posts")))
    world.server.change("posts", post, likes="many")
    world.server.wait(120)
    (result,) = world.run("social")
    assert result.error is not None
    assert "The column posts.likes of the source social has changed its type" in result.error
    world.server.change("posts", post, likes=3)
    world.server.wait(120)
    assert succeeded(world.run("social"))
    assert world.is_equal("social")


def test_one_row_without_a_time_of_change_stops_no_other(world: World) -> None:
    world.run()
    silent, changed = list(world.server.records("tickets"))[:2]
    world.server.change("tickets", silent, updated_at=None, priority="low")
    world.server.change("tickets", changed, priority="high")
    world.server.wait(120)
    assert succeeded(world.run("tickets"))
    assert world.is_equal("tickets")


def test_an_answer_that_lacks_what_its_lists_have_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sample_web._page
    monkeypatch.setattr(
        sample_web, "_page",
        lambda *asked: {key: part for key, part in page(*asked).items() if key != "total"},
    )  # fmt: skip
    (result,) = world.run("social")
    assert "The source social at 127.0.0.1" in str(result.error)
    assert "answers without 'total', which its lists should have" in str(result.error)


def test_what_people_write_arrives_as_they_wrote_it(world: World) -> None:
    post = next(iter(world.server.records("posts")))
    ticket = next(iter(world.server.records("tickets")))
    text = "“It's”\\n \\ 'x'; drop table posts; -- 🍕 é ́ عربي \t \r\n %s {}"
    world.server.change("posts", post, text=text, language="")
    world.server.change(
        "tickets", ticket, subject="", comments=[{"id": 1, "body": text + "\\u0041"}]
    )
    world.server.wait(120)
    assert succeeded(world.run())
    assert all(world.is_equal(source) for source in TABLES)
    for unreadable in ("\x00", "\ud83c"):
        text = f"left{unreadable}right"
        world.server.change("posts", post, text=text, author={"names": [text]})
        world.server.wait(120)
        assert succeeded(world.run("social"))
        assert world.raw("social")[post]["text"] == "left\ufffdright"
        assert world.raw("social")[post]["author"] == {"names": ["left\ufffdright"]}


def test_an_api_that_is_not_configured_has_its_table_and_is_not_loaded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in TABLES:
        for name in ("URL", "API_KEY", "CLIENT_ID", "CLIENT_SECRET"):
            monkeypatch.delenv(f"SOURCES__{source.upper()}__{name}", raising=False)
    assert world.run() == []
    assert all(world.raw(source) == {} for source in TABLES)


def test_tickets_are_about_orders_that_their_tills_have(world: World, warehouse: Warehouse) -> None:
    tickets = list(world.server.records("tickets").values())
    about = [ticket for ticket in tickets if ticket["order_number"]]
    assert 0.6 * len(tickets) < len(about) < len(tickets)
    for branch_id in company.branch_ids():
        wanted = {t["order_number"]: t for t in about if t["branch_id"] == branch_id}
        with warehouse.connect(f"till_{branch_id}") as till:
            rows = till.execute(
                "select order_number, ordered_at, email from orders"
                " left join customers using (customer_id) where order_number = any(%s)",
                [list(wanted)],
            ).fetchall()
        assert len(rows) == len(wanted) > 10
        for order_number, ordered_at, email in rows:
            assert wanted[order_number]["created_at"] > voices.stamp(ordered_at)
            assert wanted[order_number]["requester"]["email"] in (None, email)


def test_a_ticket_tells_its_history_in_order(world: World) -> None:
    tickets = list(world.server.records("tickets").values())
    seen = Counter(step["status"] for t in tickets for step in t["status_history"])
    assert set(seen) == {"new", "open", "pending", "solved", "reopened", "closed"}
    for ticket in tickets:
        moments = [step["at"] for step in ticket["status_history"]]
        assert moments == sorted(moments)
        assert ticket["created_at"] == moments[0]
        assert moments[-1] <= ticket["updated_at"] <= voices.stamp(world.server.now())
        assert ticket["status_history"][-1]["status"] == ticket["status"]
        said = [comment["created_at"] for comment in ticket["comments"]]
        assert said == sorted(said)


def test_three_days_twice_are_six_days(
    published: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    company.create(warehouse, QUARTER, prefix="twice_")
    here = warehouse_module.warehouse_dir()
    try:
        (tmp_path / "sample").mkdir()
        shutil.copy(published, tmp_path / "sample" / "web.sqlite")
        for _ in range(2):
            company.advance(warehouse, 3, "twice_")
            monkeypatch.setenv("MYPIZZA_WAREHOUSE_DIR", str(tmp_path))
            happened = guests.catch_up(warehouse, "twice_")
            monkeypatch.setenv("MYPIZZA_WAREHOUSE_DIR", str(here))
            assert happened.posts > 10
            assert happened.changed_posts > 20
            assert happened.tickets > 2
            assert happened.changed_tickets > 2
        monkeypatch.setenv("MYPIZZA_WAREHOUSE_DIR", str(tmp_path / "at once"))
        assert guests.catch_up(warehouse, "twice_").posts > 700
        at_once, twice = (
            Server(folder / "sample" / "web.sqlite") for folder in (tmp_path / "at once", tmp_path)
        )
        assert at_once.records("posts") == twice.records("posts")
        assert at_once.now() == twice.now()
    finally:
        monkeypatch.setenv("MYPIZZA_WAREHOUSE_DIR", str(here))
        company.drop(warehouse, "twice_")


def test_the_rated_sentences_are_not_those_of_the_generator() -> None:
    with (PROJECT_DIR / "sample" / "rated_posts.csv").open(encoding="utf-8", newline="") as file:
        rated = list(csv.DictReader(file))
    assert len({row["text"] for row in rated}) == len(rated) >= 120
    assert set(Counter(row["sentiment"] for row in rated)) == {"-1", "0", "1"}
    generated = {row["text"] for row in voices._rows("post_texts.csv")}
    assert not generated & {row["text"] for row in rated}


def test_the_raw_tables_are_readable_for_dbt_alone(world: World) -> None:
    world.run()
    for source, table in TABLES.items():
        statement = f"select count(*) from raw_{source}.{table}"
        with world.warehouse.connect(role="transformer") as connection:
            assert connection.execute(statement.encode()).fetchall() != [(0,)]
        allowed = f"select has_schema_privilege('reader', 'raw_{source}', 'usage')"
        assert world.query(allowed) == [(False,)]
