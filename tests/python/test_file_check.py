"""A file that nobody has declared: what `mypizza file check` prints of it comes in, and is right."""

from __future__ import annotations

import re
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.loads.source import SourceError
from ingest.sources.files import check
from ingest.sources.files.encoding import encoding_of
from ingest.warehouse import Warehouse
from tests.python.commands import copy_project, mypizza, query

FILES = Path(__file__).with_name("exports") / "files"
DAY, NEXT = date(2026, 11, 24), date(2026, 11, 25)
BRANCHES = ("cafe", "deli", "north", "south", "west", "seoul", "bakery", "pub", "tea", "wrapped",
            "web")  # fmt: skip

EXPORTS: dict[str, tuple[str, dict[str, str]]] = {
    "cafe": ("01_header_junk.csv", {}),
    "deli": ("02_amounts.csv", {}),
    "outlets": ("03_outlets.csv", {}),
    # no order shows these prices, and it says so
    "seoul": (
        "04_wide.csv",
        {"'소금빵',": "('소금빵', '3500'),", "'커피',": "('커피', '2500'),"},
    ),
    "bakery": ("05_daily_sums.csv", {}),
    # 3/2/2026 may be either, and it says so
    "pub": ("06_mixed.csv", {"DD/MM/YYYY": "MM/DD/YYYY"}),
    "tea": ("07_trailing.csv", {}),
    "wrapped": ("08_quoted_whole.csv", {}),
    "web": ("09_lines.jsonl", {}),
}
"""The file of each feed, and what a person finishes."""

PRINTED = re.compile(
    r"\n# \.dlt/config\.toml\n(?P<config>.*?)\n\n# models/\S+ and .*?\n(?P<source>.*?)\n\n"
    r"-- (?P<path>models/\S+)\n(?P<model>.*)",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def project(
    warehouse: Warehouse,  # noqa: ARG001 - an empty one is there before it is asked for
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A company whose exports are declared by what was printed, and built."""
    project = copy_project(tmp_path_factory.mktemp("company"))
    with (project / "seeds" / "branches.csv").open("a") as seed:
        for branch in BRANCHES:
            zone, currency = (
                ("Asia/Seoul", "KRW") if branch == "seoul" else ("Europe/Berlin", "EUR")
            )
            seed.write(f"{branch},{branch},Town,GB,{zone},2026-01-01,30,4,{currency},true\n")
    config, sources = [], []
    for feed, (file, finished) in EXPORTS.items():
        branch = ["--branch", feed] if feed in BRANCHES else []
        printed = mypizza(
            "file", "check", str(FILES / file), "--name", feed, *branch, project=project
        ).stdout
        for before, after in finished.items():
            assert before in printed, before
            printed = printed.replace(before, after)
        blocks = PRINTED.search(printed)
        assert blocks, printed
        config.append(blocks["config"])
        sources.append(blocks["source"])
        (project / blocks["path"]).write_text(blocks["model"], "utf-8")
    (project / ".dlt" / "config.toml").write_text("\n".join(config), "utf-8")
    page = project / "models" / "staging" / "exports" / "_exports__sources.yml"
    page.write_text("\n\n".join([page.read_text("utf-8").rstrip(), *sources]), "utf-8")
    settings = project / "dbt_project.yml"
    listed = f"feeds: [lyon_sales, {', '.join(EXPORTS)}]"
    text = settings.read_text("utf-8").replace("feeds: [lyon_sales]", listed)
    # a company that has nothing else
    text = re.sub(r"(?ms)^    pos:\n.*?^    # Till", "    # Till", text)
    settings.write_text(re.sub(r"(?ms)^    social:\n.*?^  # what", "  # what", text), "utf-8")
    assert "Published" in mypizza("run", "--no-docs", project=project, expect=None).stdout
    return project


def numbers(*values: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(value) for value in values)


DAYS: dict[str, list[tuple[Any, ...]]] = {
    "bakery": [
        (DAY, None, *numbers("0", "1186.357999", "0")),
        (NEXT, None, *numbers("0", "999.2", "0")),
    ],
    "cafe": [(DAY, 3, *numbers("5", "13.95", "0"))],
    "deli": [(DAY, 3, *numbers("6.385", "23.39", "6.91"))],
    "north": [(DAY, 2, *numbers("3", "6.25", "0"))],
    "pub": [
        (date(2026, 3, 1), 1, *numbers("1", "5.20", "0")),
        (date(2026, 3, 2), 1, *numbers("3", "8", "0")),
    ],
    "seoul": [(DAY, 3, *numbers("6", "20000", "0"))],
    "south": [(DAY, 2, *numbers("5", "7.50", "0"))],
    "tea": [(DAY, 2, *numbers("4", "8", "0"))],
    "web": [(DAY, 1, *numbers("3", "32.5", "9.5"))],
    "west": [(DAY, 1, *numbers("1", "3.25", "0"))],
    "wrapped": [(DAY, 2, *numbers("4", "8", "0"))],
}


@pytest.mark.usefixtures("project")
def test_the_printed_block_and_model_bring_in_the_right_days(warehouse: Warehouse) -> None:
    rows = query(
        warehouse,
        "select branch_id, business_date, orders, units,"
        " gross_revenue_exact - discount_amount_exact, refund_amount_exact"
        " from marts.rpt_branch_days where net_revenue <> 0 order by 1, 2",
    )
    found: dict[str, list[tuple[Any, ...]]] = {}
    for branch, *figures in rows:
        found.setdefault(branch, []).append(tuple(figures))
    assert found == DAYS
