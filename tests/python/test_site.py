"""The site is written when its inputs have changed; dbt prints colours to terminals only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.warehouse import Warehouse
from tests.python.commands import mypizza, sample
from tests.python.test_cli import raw_terminal

PAGES = ("report.html", "docs.html", "lineage.html", "er-diagram.svg", "index.html")


@pytest.fixture(scope="module")
def site(small_warehouse: Warehouse) -> Path:
    """The site of the small company; the copied server has a port of its own."""
    assert small_warehouse.embedded
    mypizza("run")
    return Path(os.environ["DBT_TARGET_PATH"]) / "site"


def written(site: Path, *command: str) -> set[str]:
    """Run a command, and return the pages that it has written."""
    before = {name: (site / name).stat().st_mtime_ns for name in PAGES if (site / name).exists()}
    mypizza(*command)
    return {name for name in PAGES if (site / name).stat().st_mtime_ns != before.get(name)}


def test_a_run_writes_the_pages_whose_inputs_have_changed(site: Path) -> None:
    assert written(site, "run") == set()
    # as a run leaves it that is killed while it writes the page
    (site / ".report.html.inputs").unlink()
    assert written(site, "run") == {"report.html"}
    (site / "report.html").unlink()
    assert written(site, "run") == {"report.html"}
    # another publication of the same models
    sample("advance", "--days", "1")
    assert written(site, "run") == {"report.html", "index.html"}


def test_the_commands_that_name_a_page_write_it_in_any_case(site: Path) -> None:
    assert written(site, "report") == {"report.html"}
    assert written(site, "docs") == set(PAGES)


def test_dbt_has_colours_in_a_terminal_alone_and_not_with_no_color(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.exists()
    command = ("dbt", "compile", "--select", "dim_branches")
    assert "\x1b" in raw_terminal(*command)
    assert "\x1b" not in mypizza(*command).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in raw_terminal(*command)
