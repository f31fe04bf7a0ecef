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
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from ingest.publish.docs import draw
from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError

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
def page(resting_warehouse: Warehouse) -> Path:
    """The docs site that `mypizza run` has written."""
    assert resting_warehouse.embedded
    return Path(os.environ["DBT_TARGET_PATH"]) / "site" / "docs.html"


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


def test_every_column_of_every_model_is_followed_to_what_it_comes_from(page: Path) -> None:
    folder = page.parents[1] / "docs" / "lineage"
    assert not (folder / "colibri-parsing-errors.json").exists()
    followed = json.loads((folder / "colibri-manifest.json").read_text())
    came_from: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for edge in followed["lineage"]["edges"]:
        target = (edge["target"], edge["targetColumn"])
        came_from.setdefault(target, set()).add((edge["source"], edge["sourceColumn"]))

    def sources_of(column: tuple[str, str]) -> set[tuple[str, str]]:
        found, left = set(), [column]
        while left:
            if (each := left.pop()) not in found:
                found.add(each)
                left += came_from.get(each, ())
        return {each for each in found if each[0].startswith("source.")}

    model = "model.mypizza."
    for (mart, column), source in {
        ("fct_orders", "order_tips"): ("raw_pos.payments", "tip_amount"),
        ("rpt_branch_days", "net_revenue"): ("raw_pos.orders", "gross_amount"),
        ("fct_order_lines", "gross_revenue"): ("raw_pos.order_lines", "unit_price"),
        ("fct_deliveries", "unit_price"): ("raw_files.stock_deliveries", "unit_price"),
        ("fct_support_tickets", "reason"): ("raw_tickets.tickets", "reason"),
    }.items():
        named = {(node.split(".", 2)[2], name) for node, name in sources_of((model + mart, column))}
        assert source in {(f"raw_{node}", name) for node, name in named}, (mart, named)


@needs_browser
def test_index_page_and_lineage_open_offline_and_the_index_leads_to_each_page(
    page: Path, resting_warehouse: Warehouse, tmp_path: Path
) -> None:
    index = page.with_name("index.html")
    opened = open_page(index.as_uri(), tmp_path)
    assert opened.requests == []
    assert "The warehouse equals the tills." in opened.html
    with resting_warehouse.connect() as connection:
        ((sold,),) = connection.execute(
            "select sum(net_revenue) from marts.rpt_branch_days"
            " where branch_id = 'chicago' and business_date > '2015-12-31'::date - 28"
        ).fetchall()
    row = rf"myPizza Loop</td><td[^>]*>Chicago, US</td>((?!</tr>).)*{sold:,.0f} USD"
    assert re.search(row, opened.html, re.DOTALL)
    links = set(re.findall(r'href="([^"#]+)"', opened.html))
    pages = {"report.html", "docs.html", "lineage.html", "er-diagram.svg", "connect.html"}
    assert links == pages
    assert all((page.parent / link).exists() for link in links)
    # the exposures of the BI tools link to their sections of the guide
    exposures = (PROJECT_DIR / "models" / "marts" / "_bi__exposures.yml").read_text()
    sections = re.findall(r"url: connect\.html#(\S+)", exposures)
    guide = page.with_name("connect.html").read_text()
    assert len(sections) == 8
    assert all(f'id="{section}"' in guide for section in sections)
    lineage = open_page(page.with_name("lineage.html").as_uri(), tmp_path)
    assert lineage.requests == []
    assert "exposures" in lineage.html
    # it opens on a mart
    assert "rpt_branch_days" in lineage.html


@needs_browser
def test_the_lineage_offers_no_paid_service(page: Path) -> None:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for option in ("--headless", "--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"):
        options.add_argument(option)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.get(page.with_name("lineage.html").as_uri())
        WebDriverWait(driver, 30).until(
            lambda shown: "rpt_branch_days" in shown.find_element(By.TAG_NAME, "body").text
        )
        links = driver.find_elements(By.CSS_SELECTOR, "a[href*='//']")
        assert [link.get_attribute("href") for link in links if link.is_displayed()] == []
    finally:
        driver.quit()


def test_er_diagram_shows_every_mart_and_every_foreign_key_but_those_of_the_hubs(
    page: Path, resting_warehouse: Warehouse
) -> None:
    with resting_warehouse.connect() as connection:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'marts'"
        ).fetchall()
        (foreign_keys,) = connection.execute(
            "select count(*) from pg_constraint "
            "where contype = 'f' and connamespace = 'marts'::regnamespace and confrelid <> all "
            "(array['marts.dim_branches', 'marts.dim_dates']::regclass[])"
        ).fetchone() or (0,)
    picture = (page.parent / "er-diagram.svg").read_text()
    assert {name for (name,) in tables} == set(
        re.findall(r">((?:dim|fct|rpt|ftr)_\w+)</text>", picture)
    )
    assert foreign_keys > 10
    assert len(re.findall(r'class="connection stroke', picture)) == foreign_keys


def test_marts_that_one_layout_cannot_draw_in_time_are_drawn_by_the_other() -> None:
    diagram = "a: {shape: sql_table; id: text}\nb: {shape: sql_table; id: text}\na.id -> b.id"
    for seconds in (60, 0.001):
        assert draw(diagram, seconds).count(b'class="connection stroke') == 1
    with pytest.raises(WarehouseError, match="D2 cannot draw the ER diagram: "):
        draw("a: {shape: no_shape}")


QUESTION = re.compile(r"\*\*Question:\*\* [^?]+\?\n\n```sql\n(.*?)\n```", re.DOTALL)
NOTHING_TO_SAY = {
    "marts.rpt_targets",  # the sample company has none
    "marts.rpt_stock_alerts",  # the newest night is that of a delivery: nothing must be ordered
    "staging.stg_exports__closings",  # no file of Lyon's ends with a total
    # posts and tickets of the sample come from web APIs, and reviews from dumps
    *(f"restricted.base_files__{kind}" for kind in ("posts", "tickets", "reviews")),
    *(f"staging.stg_files__{kind}" for kind in ("posts", "tickets", "reviews")),
    # its exports name no guests
    *("restricted.base_exports__customers", "staging.stg_exports__customers"),
    # no two of its files hold the same tickets
    "intermediate.int_copied_tickets",
    # in six weeks no weekday has six before it
    "intermediate.int_days_expected",
    "restricted.base_documents__reviews",
    # none of them waits
    *("restricted.base_streams__events", "restricted.base_streams__messages"),
    # it has no webhook
    *("staging.stg_audit__told", "intermediate.int_incidents_told"),
    # nothing happens today in a company of 2016
    *("live.sensor_readings", "live.web_sessions"),
}
"""The models whose question the sample company has no answer to."""


OF_A_YEAR = {
    *("marts.rpt_branch_periods", "marts.rpt_branch_period_comparisons"),
    *("marts.rpt_comparable_days", "marts.rpt_guest_periods", "marts.rpt_odd_days"),
}
"""Those whose question is about a longer time than six weeks: test_questions asks them."""


def test_every_model_has_grain_key_refresh_and_a_question_whose_sql_finds_an_answer(
    resting_warehouse: Warehouse, small_company: Path
) -> None:
    """In the relation's comment, and so in the docs and in what a BI tool shows."""
    manifest = json.loads((small_company / "target" / "docs" / "manifest.json").read_text())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(models) > 80
    silent = set()
    for role in ("reader", "transformer"):
        with resting_warehouse.connect(role=role) as connection:
            for model in models:
                if (model["schema"] in ("marts", "live")) != (role == "reader"):
                    continue
                relation = f"{model['schema']}.{model['alias']}"
                ((comment,),) = connection.execute(
                    "select obj_description(oid) from pg_class where relname = %s"
                    " and relnamespace = (select oid from pg_namespace where nspname = %s)",
                    [model["alias"], model["schema"]],
                ).fetchall()
                for heading in ("**Grain:**", "**Primary key:**", "**Refresh:**"):
                    assert heading in comment, relation
                (statement,) = QUESTION.findall(comment)
                assert re.search(rf"\b{re.escape(relation)}\b", statement), relation
                if not connection.execute(statement).fetchall():
                    silent.add(relation)
    assert silent <= NOTHING_TO_SAY | OF_A_YEAR
