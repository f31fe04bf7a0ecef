"""The docs site, as an analyst opens it: from a file, in a browser, without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.warehouse import Warehouse

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it"
)


@dataclass
class Opened:
    """A page after its scripts have run."""

    html: str
    requests: list[str]


@pytest.fixture(scope="module")
def page(published_warehouse: Warehouse) -> Path:
    """The docs site that `mypizza run` has written."""
    assert published_warehouse.embedded
    return Path(os.environ["DBT_TARGET_PATH"]) / "static_index.html"


def open_page(address: str, folder: Path) -> Opened:
    """Open a page in a browser that finds no host, and note what the page asks the network for."""
    assert CHROMIUM
    log = folder / "network.json"
    result = subprocess.run(
        [
            CHROMIUM,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--virtual-time-budget=10000",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    network = json.loads(log.read_text())
    started = network["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    requests = [
        event["params"]["url"]
        for event in network["events"]
        if event["type"] == started
        # the browser's own calls home have no page that they come from
        and event.get("params", {}).get("initiator", "not an origin") != "not an origin"
    ]
    # the page's data stand in a script: what counts is what the scripts have shown
    shown = re.sub(r"<script\b.*?</script>", "", result.stdout, flags=re.DOTALL)
    return Opened(shown, [url for url in requests if url.startswith("http")])


@needs_browser
def test_the_watch_sees_a_request_that_a_page_makes(tmp_path: Path) -> None:
    calling = tmp_path / "calling.html"
    calling.write_text("<img src='https://somewhere.invalid/pixel.png'>")
    assert open_page(calling.as_uri(), tmp_path).requests == ["https://somewhere.invalid/pixel.png"]


@needs_browser
def test_landing_page_opens_offline_with_the_er_diagram(page: Path, tmp_path: Path) -> None:
    opened = open_page(page.as_uri(), tmp_path)
    assert opened.requests == []
    assert "myPizza: what we sold, at which branch, on which day" in opened.html
    assert '<img src="data:image/svg+xml;base64,' in opened.html
    assert "assets/er-diagram.svg" not in opened.html


@needs_browser
def test_a_mart_has_its_page_under_its_published_name(page: Path, tmp_path: Path) -> None:
    opened = open_page(page.as_uri() + "#!/model/model.mypizza.rpt_product_months", tmp_path)
    assert opened.requests == []
    assert "mypizza.marts.rpt_product_months" in opened.html
    assert "plough-horse" in opened.html
    assert "marts_next" not in opened.html


def test_er_diagram_shows_every_mart_and_every_foreign_key(
    page: Path, warehouse: Warehouse
) -> None:
    with warehouse.connect() as connection:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'marts'"
        ).fetchall()
        (foreign_keys,) = connection.execute(
            "select count(*) from pg_constraint "
            "where contype = 'f' and connamespace = 'marts'::regnamespace"
        ).fetchone() or (0,)
    picture = (page.parent / "er-diagram.svg").read_text()
    assert {name for (name,) in tables} == set(
        re.findall(r">((?:dim|fct|rpt|ftr)_\w+)</text>", picture)
    )
    assert foreign_keys > 10
    assert len(re.findall(r'class="connection stroke', picture)) == foreign_keys
