"""Superset takes the assets of bi/superset, and what they show is what the warehouse says.

One Superset for the whole file, in the environment that `make superset` makes; a browser opens its
dashboard, so that each chart asks what it asks of people, too.
"""

from __future__ import annotations

import csv
import json
import os
import queue
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import mypizza, query
from tests.python.test_docs import CHROMIUM

ASSETS = PROJECT_DIR / "bi" / "superset"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PYTHON = CACHE / "mypizza" / "superset" / "bin" / "python"
PASSWORD = "a person's p@ss/word: 100% {sure}; äß"  # noqa: S105 - invented for these tests
PATIENCE = 240
"""Seconds for a step; on a busy machine Superset takes a minute to begin."""
YOUNG = {"rpt_comparable_days": "Net revenue against the year before"}
"""The small company has no year before: this data set has no row, and its chart no result."""

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and not (PYTHON.exists() and CHROMIUM),
    reason="Superset or Chromium is missing: `make superset`; .ci/run installs both.",
)


def assets(kind: str) -> list[dict[str, Any]]:
    return [yaml.safe_load(file.read_text()) for file in sorted((ASSETS / kind).glob("*.yaml"))]


@dataclass
class Superset:
    """A Superset that runs: what it has imported, and what its charts have asked since."""

    lines: queue.Queue[str]
    facts: dict[str, Any] = field(default_factory=dict)

    def next(self) -> dict[str, Any]:
        """The next thing that it says."""
        line = self.lines.get(timeout=PATIENCE)
        assert line, "Superset has ended"
        said: dict[str, Any] = json.loads(line)
        return said


@pytest.fixture(scope="module")
def superset(
    resting_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Superset]:
    """A new Superset with the assets, that reads the warehouse with an analyst's login."""
    administrator = warehouse_module.administrator()
    warehouse_module.add_reader(administrator, "analyst", PASSWORD)
    warehouse_module.add_reader(administrator, "boss", PASSWORD, ["quito"])
    analyst = replace(resting_warehouse, user="analyst", password=PASSWORD)
    folder = tmp_path_factory.mktemp("superset")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [str(PYTHON), str(PROJECT_DIR / "tests/drivers/superset_server.py"), folder, ASSETS],
            env=os.environ | analyst.environment | {"MANAGER": "boss"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        running = Superset(queue.Queue())

        def listen() -> None:
            for line in process.stdout or ():
                running.lines.put(line)
            running.lines.put("")

        threading.Thread(target=listen, daemon=True).start()
        try:
            running.facts = running.next()
            yield running
        except (AssertionError, queue.Empty):
            process.kill()
            raise AssertionError((folder / "log").read_text()[-3000:]) from None
        finally:
            process.stdin.close()
            process.terminate()
            process.wait()


def test_database_data_sets_charts_and_dashboard_are_imported_once(superset: Superset) -> None:
    facts = superset.facts
    assert facts["databases"] == [each["database_name"] for each in assets("databases")]
    assert sorted(facts["datasets"]) == [each["table_name"] for each in assets("datasets")]
    charts = sorted(each["slice_name"] for each in assets("charts"))
    assert sorted(facts["charts"].values()) == charts
    assert len(charts) >= 8
    (dashboard,) = assets("dashboards")
    assert facts["dashboards"] == {dashboard["dashboard_title"]: charts}


def test_the_address_of_the_database_holds_no_secret_and_no_place() -> None:
    (database,) = assets("databases")
    assert database["sqlalchemy_uri"] == "postgresql+psycopg2://"
    assert {"password", "encrypted_extra", "masked_encrypted_extra"} & set(database) == set()
    assert database["allow_dml"] is False


def test_every_column_of_every_data_set_is_the_marts_own_and_can_be_read(
    superset: Superset, resting_warehouse: Warehouse
) -> None:
    for dataset in assets("datasets"):
        table = dataset["table_name"]
        columns = [column["column_name"] for column in dataset["columns"]]
        joined = {"branch_name", "product_name", "category", "size"}
        if table == "fct_support_tickets":
            joined.add("currency")  # that of the branch
        own = [
            column["column_name"]
            for column in dataset["columns"]
            if "expression" not in column and column["column_name"] not in joined
        ]
        assert dataset["schema"] == "marts"
        assert query(
            resting_warehouse,
            "select array_agg(column_name::text order by ordinal_position)"
            f" from information_schema.columns where table_schema = 'marts'"
            f" and table_name = '{table}'",
        ) == [(own,)]
        rows = superset.facts["columns"][table]
        if table in YOUNG:
            assert rows == []
            continue
        assert len(rows) > 10, rows
        assert list(rows[0]) == columns


def test_metrics_are_named_and_explained_as_in_the_semantic_layer() -> None:
    defined = {
        metric["name"]: (metric["label"], " ".join(metric["description"].split()))
        for file in (PROJECT_DIR / "models" / "marts").rglob("_*__metrics.yml")
        for metric in yaml.safe_load(file.read_text()).get("metrics", [])
    }
    for dataset in assets("datasets"):
        for metric in dataset["metrics"]:
            explained = (metric["verbose_name"], metric["description"])
            assert explained == defined[metric["metric_name"]]


def test_every_metric_is_what_the_semantic_layer_says_for_each_branch(
    superset: Superset, tmp_path: Path
) -> None:
    file = tmp_path / "metrics.csv"
    shown: dict[tuple[str | None, str], float | None] = {}
    for rows in superset.facts["metrics"].values():
        for row in rows:
            branch = row["branch_id"]
            for name in row.keys() - {"branch_id"}:
                value = row[name]
                assert shown.setdefault((branch, name), value) == value
    names = sorted({name for _, name in shown})
    assert len(names) > 15
    mypizza(
        "metrics", "query", "--metrics", ",".join(names), "--group-by", "branch",
        "--csv", str(file), "--decimals", "8",
    )  # fmt: skip
    with file.open() as lines:
        for row in csv.DictReader(lines):
            branch = row.pop("branch") or None
            for name, text in row.items():
                value = shown.pop((branch, name), None)
                expected = float(text) if text else None
                assert (value or 0) == pytest.approx(expected or 0, rel=1e-5), (branch, name)
    assert [each for each, value in shown.items() if value] == []


def test_a_manager_sees_the_own_branch_alone(superset: Superset) -> None:
    for table, rows in superset.facts["metrics"].items():
        if table in YOUNG:
            continue
        branches = {row["branch_id"] for row in rows if row["branch_id"]}
        assert {"chicago", "quito"} <= branches <= {"chicago", "lyon", "quito"}, table
        managed = superset.facts["managed"][table]
        assert [row["branch_id"] for row in managed] == ["quito"], table


def test_the_dashboard_draws_every_chart_and_a_charts_numbers_equal_sql(
    superset: Superset, resting_warehouse: Warehouse, tmp_path: Path
) -> None:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for option in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1500,2600", f"--user-data-dir={tmp_path}",
    ):  # fmt: skip
        options.add_argument(option)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(PATIENCE)
    address = f"http://127.0.0.1:{superset.facts['port']}"
    answers: dict[str, Any] = {}
    charts = superset.facts["charts"]
    ((amount,),) = query(
        resting_warehouse,
        "select sum(net_revenue) from marts.rpt_branch_days where branch_id = 'chicago'",
    )
    try:
        driver.get(f"{address}/static/assets/manifest.json")
        driver.add_cookie({"name": "session", "value": superset.facts["session"]})
        driver.get(f"{address}/superset/dashboard/mypizza/")
        while len(answers) < len(charts):
            said = superset.next()
            if said["chart"]:  # the others are the filters' choices
                answers[charts[str(said["chart"])]] = said
        canvas = "[data-test='chart-container'] canvas"
        WebDriverWait(driver, PATIENCE).until(
            lambda drawn: (
                f"{amount:,.2f}" in drawn.find_element(By.TAG_NAME, "body").text
                and len(drawn.find_elements(By.CSS_SELECTOR, canvas)) >= 5
            )
        )
        page = driver.find_element(By.TAG_NAME, "body").text
    finally:
        driver.quit()
    for title, said in answers.items():
        assert said["status"] == 200, (title, said)
        assert (said["answer"]["result"][0]["rowcount"] > 0) == (title not in YOUNG.values()), title
        assert title in page
    assert not re.search(r"(?i)error|unexpected", page)
    assert len(re.findall(r"(?i)no results", page)) == len(YOUNG)

    rows = answers["Branches"]["answer"]["result"][0]["data"]
    shown = {
        (row["branch_name"], row["currency"], row["orders"], Decimal(str(row["net_revenue"])))
        for row in rows
    }
    assert shown == set(
        query(
            resting_warehouse,
            """
            select
                b.branch_name, o.currency, o.orders, o.revenue - o.returned - coalesce(p.refunds, 0)
            from (
                select
                    branch_id, currency, count(*) filter (where not is_cancelled) as orders,
                    sum(order_revenue + order_refunds) as revenue,
                    sum(returned_amount_exact) as returned
                from marts.fct_orders
                group by branch_id, currency
            ) as o
            left join (
                select branch_id, sum(payment_refunds) as refunds
                from marts.fct_payments
                group by branch_id
            ) as p on p.branch_id = o.branch_id
            inner join marts.dim_branches as b on b.branch_id = o.branch_id
            """,
        )
    )
