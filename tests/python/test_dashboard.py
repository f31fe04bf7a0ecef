"""The dashboard: its filters are driven, and what it shows is held against SQL and the report."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pyarrow
import pytest
import streamlit as st
from psycopg import sql
from streamlit.testing.v1 import AppTest

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse
from report import dashboard
from report.charts import FIGURES, THEMES, TILES
from report.page import read
from tests.python.commands import mypizza
from tests.python.test_report import (
    CHROMIUM,
    CONTRAST,
    DRIVER,
    EXPECTED_TILES,
    PASSWORD,
    SOLD,
    Browser,
    ask,
    choice,
)

SETTINGS = [
    ("USD", "2015", "month"),
    ("USD", "last-28-days", ""),
    ("chicago", "2015-q3", ""),
    ("quito", "last-91-days", "day"),
    ("lyon", "2016-01", ""),
    ("quito", "2015-q1", ""),
]
"""Branch, period and step: more bars and fewer, two currencies, and a branch not yet opened."""

LABELS = {tile.label: tile for tile in TILES}
assert len(LABELS) == len(TILES)

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no Chromium or no driver; .ci/run installs both"
)


@pytest.fixture(scope="module")
def published(published_warehouse: Warehouse) -> Warehouse:
    return published_warehouse


@pytest.fixture(autouse=True)
def _nothing_is_kept(published: Warehouse) -> None:
    """A test begins with what is published, and without what an earlier one has read."""
    assert published
    st.cache_resource.clear()


def administrator(published: Warehouse) -> Warehouse:
    """The same warehouse, for who may change what is published."""
    password = warehouse_module.read_connection().admin_password
    return replace(published, user="postgres", password=password)


def opened(**state: str) -> AppTest:
    """Open the dashboard; `branch`, `period`, `step` as in its address, `theme` as the reader's."""
    app = AppTest.from_file(str(PROJECT_DIR / "report" / "dashboard.py"), default_timeout=60)
    if theme := state.pop("theme", ""):
        app.context["theme"] = theme
    app.query_params.update({name: value for name, value in state.items() if value})
    return shown(app)


def shown(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def chosen_by_hand(branch: str, period: str, step: str) -> AppTest:
    """Open the dashboard as it is by itself, and turn its filters one after the other."""
    app = opened()
    for key, value in (("branch", branch), ("period", period), ("step", step)):
        app.selectbox(key=key).set_value(value)
        shown(app)
    return app


def charts(app: AppTest) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each chart's specification as JSON, and its rows."""
    return [
        (
            chart.proto.spec,
            pyarrow.ipc.open_stream(chart.proto.datasets[0].data.data).read_all().to_pylist(),
        )
        for chart in app.get("vega_lite_chart")
    ]


def number(text: str) -> tuple[float, float] | None:
    """Read a tile as a person does: the number, and how far it may be rounded."""
    if text == "not known":
        return None
    if match := re.fullmatch(r"(?:(\d+) h )?(\d+) min", text):
        return int(match[1] or 0) * 60 + int(match[2]), 0.5
    digits = re.sub(r"[^\d.-]", "", text)
    decimals = len(digits.partition(".")[2])
    unit = {"%": 0.01, "M": 1e6}.get(text[-1], 1)
    return float(digits) * unit, 0.5 * 10**-decimals * unit


@pytest.mark.parametrize(("branch", "period", "step"), SETTINGS)
def test_every_tile_equals_the_facts_whatever_the_filters_say(
    published: Warehouse, branch: str, period: str, step: str
) -> None:
    app = chosen_by_hand(branch, period, step)
    chosen = choice(published, branch, period)
    # of a branch that had not opened there is no row at all
    expected = next(
        iter(ask(published, EXPECTED_TILES, chosen)), dict.fromkeys(tile.name for tile in TILES)
    )
    assert {metric.label for metric in app.metric} == set(LABELS)
    for metric in app.metric:
        tile = LABELS[metric.label]
        wanted, found = expected[tile.name], number(metric.value)
        if wanted is None or found is None:
            assert wanted is None, tile.name
            assert found is None, tile.name
        else:
            assert found[0] == pytest.approx(float(wanted), abs=found[1] + 1e-9), tile.name
    drawn = charts(app)
    bars = next((rows for spec, rows in drawn if "start_date" in spec), [])
    (sold,) = ask(
        published, SOLD + "select sum(revenue - refunds) as net, sum(orders) as n from days", chosen
    )
    assert sum(bar["net_revenue"] for bar in bars) == pytest.approx(float(sold["net"] or 0))
    hours = next((rows for spec, rows in drawn if "local_hour" in spec), [])
    assert sum(hour["orders"] for hour in hours) == sum(bar["orders"] for bar in bars)
    assert sum(bar["orders"] for bar in bars) == (sold["n"] or 0)


@dataclass(frozen=True)
class Page:
    """What stands in the report's page."""

    tiles: dict[str, list[str]]
    proof: str
    tables: dict[str, list[list[str]]]


@pytest.fixture(scope="module")
def browser(published: Warehouse) -> Iterator[Browser]:
    assert published
    opened = Browser()
    yield opened
    opened.driver.quit()


@pytest.fixture(scope="module")
def pages(browser: Browser) -> dict[tuple[str, str, str], Page]:
    """The report's page in every setting, as people read it."""
    mypizza("report")
    browser.page = Path(os.environ["DBT_TARGET_PATH"]) / "site" / "report.html"
    found = {}
    for branch, period, step in SETTINGS:
        browser.open(branch, period, step=step)
        found[branch, period, step] = Page(
            browser.run(
                "return Object.fromEntries([...document.querySelectorAll('.tiles li')].map(tile =>"
                "[tile.id.slice(5), ['data', '.delta'].map(each =>"
                "tile.querySelector(each).textContent)]))"
            ),
            browser.run("return document.getElementById('proof').textContent"),
            {figure.name: browser.table(figure.name) for figure in FIGURES},
        )
    return found


@needs_browser
@pytest.mark.parametrize(("branch", "period", "step"), SETTINGS)
def test_dashboard_and_report_say_the_same_to_the_letter(
    published: Warehouse,
    pages: dict[tuple[str, str, str], Page],
    branch: str,
    period: str,
    step: str,
) -> None:
    page = pages[branch, period, step]
    answers = read(published)
    (scope,) = (row for row in answers["scopes"] if row["scope_id"] == branch)
    (span,) = (
        row
        for row in answers["periods"]
        if (row["currency"], row["period_id"]) == (scope["currency"], period)
    )
    chosen = dashboard.Chosen(scope, span, dashboard.step_of(span, step))
    now, before = dashboard.tiles(answers, chosen)
    for tile in TILES:
        value = now.get(tile.name)
        assert page.tiles[tile.name] == [
            "not known"
            if value is None
            else dashboard.written(value, tile.kind, scope["currency"], compact=True),
            dashboard.compared(tile, value, before, scope["currency"]),
        ], tile.name
    assert page.proof == dashboard.proof(answers, chosen)[1]
    for figure in FIGURES:
        rows = dashboard.shown(figure, dashboard.picked(answers, figure, chosen))
        assert page.tables[figure.name] == [
            [
                dashboard.written(row[column.name], column.kind, scope["currency"])
                for column in figure.columns
            ]
            for row in rows
        ], figure.name


def test_every_figure_is_shown_with_its_table_in_the_readers_theme() -> None:
    for theme, colours in THEMES.items():
        app = opened(branch="USD", period="last-28-days", theme=theme)
        drawn = charts(app)
        # nobody has changed a price yet: that figure says so in words
        assert len(drawn) == sum(1 for figure in FIGURES if figure.draw)
        assert len(app.dataframe) + len(app.table) == len(FIGURES) - 1
        assert [info.value for info in app.info] == ["No price was changed in this period."]
        for spec, rows in drawn:
            assert rows
            assert colours["soft"] in spec
            assert colours["accent"] in spec


def test_what_is_chosen_stands_in_the_address_and_comes_back_from_it() -> None:
    app = chosen_by_hand("chicago", "2015-q3", "month")
    flat = {
        name: value[0] if isinstance(value, list) else value
        for name, value in app.query_params.items()
    }
    assert flat == {"branch": "chicago", "period": "2015-q3", "step": "month"}
    again = opened(**flat)
    assert [each.value for each in again.metric] == [each.value for each in app.metric]
    # a period that the other currency does not have gives way to one that it has
    app.selectbox(key="branch").set_value("lyon")
    shown(app)
    assert app.selectbox(key="period").value == "last-28-days"
    # what an address says wrongly is as if it said nothing
    assert opened(branch="nowhere", period="never").selectbox(key="branch").value == "USD"


def test_the_warehouse_is_asked_again_only_when_a_new_version_is_published(
    published: Warehouse,
) -> None:
    def orders(app: AppTest) -> float:
        (found,) = (number(metric.value) for metric in app.metric if metric.label == "Orders")
        return found[0] if found else 0

    app = opened(branch="USD", period="2015")
    assert orders(app) == 21_350
    owner = administrator(published)
    more = "update marts.rpt_branch_periods set orders = orders + %s where branch_id = 'quito'"
    with owner.connect() as connection:
        connection.execute(more, [1])
        try:
            assert orders(shown(app)) == 21_350
            with connection.transaction():  # as a publication does it
                connection.execute("alter schema marts rename to marts_before")
                connection.execute("alter schema marts_before rename to marts")
            assert orders(shown(app)) == 21_351
        finally:
            connection.execute(more, [-1])


def test_a_branch_manager_sees_the_own_branch_alone(
    published: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with administrator(published).connect() as connection:
        connection.execute(
            sql.SQL("create role boss_quito login password {} in role manager_quito").format(
                sql.Literal(PASSWORD)
            )
        )
    assert len(opened().selectbox(key="branch").options) == 7
    monkeypatch.setenv("PGUSER", "boss_quito")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    app = opened(branch="chicago", period="last-91-days")
    assert app.selectbox(key="branch").options == ["myPizza La Mariscal (Quito)"]
    (expected,) = ask(published, EXPECTED_TILES, choice(published, "quito", "last-91-days"))
    assert number(app.metric[0].value) == (round(expected["net_revenue"]), 0.5)


def test_what_is_missing_is_said_in_one_sentence(
    published: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = (
        "import sys; sys.modules['streamlit'] = None; sys.argv = ['mypizza', 'dashboard'];"
        "from ingest.cli import main; main()"
    )
    ended = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True)
    assert ended.returncode == 1
    assert " ".join(ended.stderr.split()) == (
        "The dashboard needs Streamlit: pip install -e '.[dashboard]' in the project's folder."
    )
    with published.connect() as connection:
        connection.execute("create database nothing_published")
    monkeypatch.setenv("PGDATABASE", "nothing_published")
    app = opened()
    assert "There is nothing to report on" in app.error[0].value
    assert not app.metric


@dataclass(frozen=True)
class Served:
    """The real server."""

    url: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def served(published: Warehouse) -> Iterator[Served]:
    """The dashboard as `mypizza dashboard` serves it."""
    assert published
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest.cli", "dashboard", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health") as answer:  # noqa: S310 - ours
                    assert answer.read() == b"ok"
                    break
            except OSError:
                assert process.poll() is None, process.stdout and process.stdout.read()
                time.sleep(0.5)
        yield Served(url, process)
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl+C does
        printed, _ = process.communicate(timeout=30)
    assert process.returncode == 0, printed
    assert "Traceback" not in printed


def sockets(process: subprocess.Popen[str]) -> list[Any]:
    """All that a process and its children have open to the network."""
    root = psutil.Process(process.pid)
    return [
        connection
        for each in (root, *root.children(recursive=True))
        for connection in each.net_connections()
    ]


def knock(served: Served, origin: str) -> int:
    """Ask for the stream of figures as a page from there would, and return the answer's status."""
    door = HTTPConnection(served.url.removeprefix("http://"), timeout=20)
    headers = {"Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket"}
    key = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    door.request("GET", "/_stcore/stream", headers=headers | key)
    status = door.getresponse().status
    door.close()
    return status


def visit(browser: Browser, served: Served, address: str) -> None:
    """Open a page of the server, and wait until all is drawn."""
    browser.driver.get(f"{served.url}/?{address}")
    for _ in range(120):
        time.sleep(0.25)
        if browser.run(
            "return document.querySelectorAll('[data-testid=stMetric]').length >= arguments[0]"
            "&& !!document.querySelector('.vega-embed :is(canvas, svg)')"
            "&& !document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')",
            len(TILES),
        ):
            return
    raise AssertionError("nothing is drawn")


@needs_browser
def test_the_server_answers_this_machine_alone_and_tells_nobody(
    browser: Browser, served: Served, published: Warehouse
) -> None:
    owner = administrator(published)
    with owner.connect() as connection:  # a till's texts are nobody's Markdown
        connection.execute(
            "update marts.rpt_product_periods set product_name = '![](https://spy.invalid/it.png)'"
        )
    browser.log()
    visit(browser, served, "branch=USD&period=last-28-days")
    asked = browser.run("return performance.getEntriesByType('resource').map(each => each.name)")
    assert len(asked) > 5
    assert [each for each in asked if not each.startswith(served.url)] == []
    # whom it tries to reach, it does not find, and complains of
    assert [each for each in browser.log() if "ERR_" in each or "refused" in each] == []
    # a page from elsewhere that knocks is sent away, and nobody is asked about it
    assert knock(served, origin="https://elsewhere.invalid") == 403
    assert knock(served, origin=served.url) == 101
    opened = sockets(served.process)
    assert [each for each in opened if each.status == psutil.CONN_LISTEN]
    assert {each.laddr.ip for each in opened if each.laddr} == {"127.0.0.1"}
    assert {each.raddr.ip for each in opened if each.raddr} <= {"127.0.0.1"}


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_text_can_be_read_and_no_page_scrolls_sideways(
    browser: Browser, served: Served, scheme: str, width: int
) -> None:
    browser.size(width, scheme)
    try:
        visit(browser, served, "branch=USD&period=last-28-days")
        assert browser.run(CONTRAST) == []
        limit = "document.documentElement.clientWidth"
        assert browser.run(f"return document.documentElement.scrollWidth - {limit}") == 0
    finally:
        browser.size(1280)
