"""The semantic layer is kept for as long as nothing changes that dbt reads it from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.publish import semantic
from tests.python.commands import mypizza


@pytest.mark.parametrize(
    "file", ["macros/columns/money.sql", "models/a.yml", "dbt_project.yml", "profiles.yml"]
)
def test_what_dbt_reads_it_from_is_a_part_of_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr(semantic, "PROJECT_DIR", tmp_path)
    monkeypatch.setattr(semantic, "write_profile", lambda: None)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    changed = tmp_path / file
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text("a", encoding="utf-8")
    before = semantic.state("db")
    assert semantic.state("db") == before
    changed.write_text("ab", encoding="utf-8")
    assert semantic.state("db") != before


@pytest.mark.usefixtures("resting_warehouse")
def test_two_commands_at_once_do_not_hurt_one_another(tmp_path: Path) -> None:
    environment = {"DBT_TARGET_PATH": str(tmp_path), "DBT_LOG_PATH": str(tmp_path)}

    def ask(_: int) -> str:
        return mypizza("metrics", "query", "--metrics", "orders", environment=environment).stdout

    with ThreadPoolExecutor(2) as both:
        first, second = both.map(ask, range(2))
    assert first == second
    assert (tmp_path / "metrics" / semantic.MARK).exists()
