"""A company that has only some kinds of sources: what is not configured is no trouble."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import yaml

from ingest.warehouse import PROJECT_DIR
from tests.python.commands import copy_project, mypizza, sample


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project in which nothing is configured."""
    copy = copy_project(tmp_path)
    (copy / ".dlt" / "config.toml").write_text("", encoding="utf-8")
    (copy / ".dlt" / "secrets.toml").unlink(missing_ok=True)
    return copy


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Iterator[Path]:
    """The folder of a warehouse of the test's own."""
    home = tmp_path / "home"
    yield home
    sample("stop", project=project, folder=home)
    mypizza("down", project=project, folder=home)


def configure(project: Path, *sections: str) -> None:
    """Configure only these sections of the sample company's sources."""
    declared = tomlkit.parse((PROJECT_DIR / ".dlt" / "config.toml").read_text(encoding="utf-8"))
    kept: dict[str, Any] = {}
    for section in sections:
        into: Any = kept.setdefault("sources", {})
        found: Any = declared["sources"]
        *above, name = section.split(".")
        for part in above:
            into, found = into.setdefault(part, {}), found[part]
        into[name] = found[name]
    (project / ".dlt" / "config.toml").write_text(tomlkit.dumps(kept), encoding="utf-8")


def run(project: Path, folder: Path) -> dict[str, Any]:
    """Run everything, and return what the command printed."""
    answer: dict[str, Any] = json.loads(
        mypizza("run", "--json", "--no-docs", project=project, folder=folder).stdout
    )
    assert answer["problems"] == []
    assert {row["outcome"] for row in answer["build"]} <= {"success", "pass", "no-op"}
    assert mypizza("status", project=project, folder=folder)
    return answer


def test_a_company_that_has_only_tills_is_published(project: Path, folder: Path) -> None:
    configure(project, "pos.tills.quito")
    settings = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    settings["vars"]["systems"] = {"pos": settings["vars"]["systems"]["pos"]}
    (project / "dbt_project.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    sample("start", "--branch", "quito", "--weeks", "2", project=project, folder=folder)
    answer = run(project, folder)
    assert mypizza("report", project=project, folder=folder)
    assert {load["source"] for load in answer["loads"]} == {"pos"}
    assert answer["publications"][0]["row_count"] > 1000


def test_a_company_that_has_only_exports_is_published_and_gets_a_till_later(
    project: Path, folder: Path, small_company: Path
) -> None:
    configure(project, "files.feeds.lyon_sales", "files.feeds.lyon_closings")
    config = project / ".dlt" / "config.toml"
    document: Any = tomlkit.parse(config.read_text(encoding="utf-8"))
    for feed in document["sources"]["files"]["feeds"].values():
        feed["url"] = str(small_company / "sample" / "bucket")
    config.write_text(tomlkit.dumps(document), encoding="utf-8")
    answer = run(project, folder)
    assert mypizza("report", project=project, folder=folder)
    assert {load["source"] for load in answer["loads"]} == {"files"}
    assert answer["publications"][0]["row_count"] > 1000

    document["sources"]["pos"] = {"tills": {"quito": {}}}
    config.write_text(tomlkit.dumps(document), encoding="utf-8")
    sample("start", "--branch", "quito", "--weeks", "2", project=project, folder=folder)
    mypizza("ingest", project=project, folder=folder)
    tested = ("--select", "+rpt_branch_days", "--exclude-resource-type", "unit_test")
    mypizza("dbt", "build", *tested, project=project, folder=folder)
    branches = "select distinct branch_id from {{ ref('rpt_branch_days') }}"
    shown = mypizza("dbt", "show", "--inline", branches, project=project, folder=folder).stdout
    assert "| lyon " in shown
    assert "| quito " in shown


def test_a_system_of_which_dbt_is_not_told_is_not_loaded(project: Path, folder: Path) -> None:
    configure(project, "social")
    settings = project / "dbt_project.yml"
    text = settings.read_text(encoding="utf-8").replace("    social:\n", "    other:\n")
    settings.write_text(text, encoding="utf-8")
    for command in ("ingest", "run"):
        refused = mypizza(command, project=project, folder=folder, expect=1).stderr
        assert refused == (
            "The system social is configured in .dlt/config.toml ([sources.social]), and "
            "vars.systems in dbt_project.yml lacks it: add it there, or take it out here.\n"
        )
