"""What plain dbt and an IDE need: a profile, and the systems as data in dbt_project.yml."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.loads import configuration
from ingest.publish import dbt
from ingest.warehouse import PROJECT_DIR, WarehouseError
from tests.python.commands import copy_project, read_settings_again


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with what says how dbt runs, and nothing else."""
    for name in ("dbt_project.yml", "profiles.yml.example", ".dlt/config.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT_DIR / name, tmp_path / name)
    for module in (dbt, configuration):
        monkeypatch.setattr(module, "PROJECT_DIR", tmp_path)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("MYPIZZA_CONFIG_DIR", str(tmp_path))
        read_settings_again()
        yield tmp_path
    read_settings_again()


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_copy_is_parsed_by_plain_dbt_without_any_variable_and_an_export_off_the_list_is_no_model(
    tmp_path: Path,
) -> None:
    copy = copy_project(tmp_path)
    shutil.copy(copy / "profiles.yml.example", copy / "profiles.yml")
    replace(copy / "dbt_project.yml", "feeds: [lyon_sales]", "feeds: []")
    listed = subprocess.run(
        [Path(sys.executable).parent / "dbt", "--quiet", "ls", "--resource-type", "model"],
        cwd=copy,
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, listed.stdout
    assert "base_exports__lines" in listed.stdout
    assert "base_exports__lyon_sales" not in listed.stdout


@pytest.mark.parametrize(
    ("listed", "missing", "file"),
    [
        ("feeds: [lyon_sales]", "feeds: []", "add it to vars.systems.exports.feeds"),
        ("    social:\n", "    other:\n", "The system social is configured"),
    ],
)
def test_a_configuration_of_which_dbt_is_not_told_is_refused(
    project: Path, listed: str, missing: str, file: str
) -> None:
    dbt.check_systems()
    replace(project / "dbt_project.yml", listed, missing)
    with pytest.raises(WarehouseError, match=re.escape(file)):
        dbt.check_systems()


def test_the_profile_knows_the_embedded_server_and_keeps_a_users_own(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = project / "profiles.yml"
    monkeypatch.delenv("MYPIZZA_EMBEDDED", raising=False)
    dbt.write_profile()
    assert profile.read_text() == (project / "profiles.yml.example").read_text()

    monkeypatch.setenv("MYPIZZA_EMBEDDED", "1")
    monkeypatch.setenv("PGPORT", "23456")
    monkeypatch.setenv("PGPASSWORD", "only-of-the-embedded-server")
    dbt.write_profile()
    # another server, named in PGHOST, never gets the password
    assert "'' if env_var('PGHOST', '') else 'only-of-the-embedded-server'" in profile.read_text()
    assert "else '23456'" in profile.read_text()
    assert profile.stat().st_mode & 0o077 == 0

    profile.write_text("mypizza: {}\n")
    dbt.write_profile()
    assert profile.read_text() == "mypizza: {}\n"
