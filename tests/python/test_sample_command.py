"""`mypizza-sample` starts systems that really run, and writes where they are as a user would."""

from __future__ import annotations

import os
import signal
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse
from sample import background, company, configuration
from tests.python.commands import query, sample, settings

SMALL = ("--branch", "chicago", "--branch", "quito", "--weeks", "2")


def secrets() -> dict[str, Any]:
    """What secrets.toml says of the sources."""
    text = (settings() / "secrets.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text).get("sources", {}))


def answers() -> int:
    """The API's answer to a request with the key that is configured."""
    api = secrets()["social"]
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{api['url']}/posts", headers={"X-Api-Key": api["api_key"]}
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return int(response.status)


@pytest.fixture(scope="module")
def started(warehouse: Warehouse) -> Iterator[Warehouse]:
    """A small company that runs, beside a setting of a user's."""
    own = '# mine\n[sources.pos.tills.quito]\nurl = "mysql://till@quito.example.com/till"  # ours\n'
    (settings() / "secrets.toml").write_text(own, encoding="utf-8")
    sample("start", *SMALL)
    yield warehouse
    sample("stop")


def test_tills_hold_the_last_weeks_of_the_branches_that_were_asked_for(started: Warehouse) -> None:
    assert company.branches_of(started) == ["chicago", "quito"]
    assert str(company.first_day(started)) == "2015-12-17"
    assert query(started, "select count(*) from orders", "till_chicago") == [(183,)]


def test_addresses_are_written_and_what_a_user_has_written_stays(started: Warehouse) -> None:
    sources = secrets()
    tills = sources["pos"]["tills"]
    assert tills["quito"] == {"url": "mysql://till@quito.example.com/till"}
    assert tills["chicago"] == {
        "url": f"postgresql://mypizza@127.0.0.1:{started.port}/till_chicago",
        "password": started.password,
    }
    bucket = warehouse_module.warehouse_dir() / "sample" / "bucket"
    assert Path(sources["files"]["feeds"]["lyon_sales"]["url"]) == bucket
    text = (settings() / "secrets.toml").read_text(encoding="utf-8")
    assert text.startswith("# mine\n")
    assert "# ours\n" in text
    assert (settings() / "secrets.toml").stat().st_mode & 0o077 == 0
    assert settings() != PROJECT_DIR / ".dlt"


def test_an_address_that_a_user_has_changed_is_theirs(started: Warehouse) -> None:
    file = settings() / "secrets.toml"
    before = file.read_text(encoding="utf-8")
    theirs = f"postgresql://reader@127.0.0.1:{started.port}/till_chicago"
    changed = before.replace(secrets()["pos"]["tills"]["chicago"]["url"], theirs)
    file.write_text(changed, encoding="utf-8")
    assert "[sources.pos.tills.chicago] has an address of yours" in sample("start").stdout
    assert file.read_text(encoding="utf-8") == changed
    file.write_text(before, encoding="utf-8")


@pytest.mark.usefixtures("started")
def test_a_declaration_that_is_taken_away_leaves_no_address_behind() -> None:
    config = settings() / "config.toml"
    before = config.read_text(encoding="utf-8")
    config.write_text(before.replace("[sources.social]", ""), encoding="utf-8")
    sample("start")
    assert "social" not in secrets()
    config.write_text(before, encoding="utf-8")
    sample("start")
    assert "social" in secrets()


def test_a_till_of_another_company_leaves_no_address_behind(started: Warehouse) -> None:
    configuration.write(configuration.tills(started, ["honolulu"]))
    assert "honolulu" in secrets()["pos"]["tills"]
    said = sample("start").stdout
    assert set(secrets()["pos"]["tills"]) == {"chicago", "quito"}
    assert "Not started: new_york, san_francisco, honolulu." in " ".join(said.split())


@pytest.mark.usefixtures("started")
def test_the_apis_outlive_the_command_and_a_second_start_leaves_them_alone() -> None:
    assert answers() == 200
    before = background.running()
    file = settings() / "secrets.toml"
    text = file.read_text(encoding="utf-8")
    assert "Tills" not in sample("start").stdout
    assert background.running() == before
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.usefixtures("started")
def test_apis_that_died_are_started_again_with_the_same_keys() -> None:
    before = background.running()
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while background.running():
        assert time.monotonic() < deadline
    sample("start")
    after = background.running()
    assert after is not None
    assert after.pid != before.pid
    assert (after.api_key, after.client_secret) == (before.api_key, before.client_secret)
    assert answers() == 200


def test_the_company_trades_on(started: Warehouse) -> None:
    before = company.last_day(started)
    orders = query(started, "select count(*) from orders", "till_chicago")
    assert "2016-01-02" in sample("advance", "--days", "2").stdout
    assert (company.last_day(started) - before).days == 2
    assert query(started, "select count(*) from orders", "till_chicago") > orders


def test_the_company_loads_and_trades_on_to_a_day_once(started: Warehouse) -> None:
    day = company.last_day(started) + timedelta(days=2)
    for is_new in (True, False):
        said = sample("start", "--until", f"{day}")
        assert company.last_day(started) == day
        assert ("succeeded" in said.stdout) == is_new
    # what a price was before the company traded on is known
    ((prices,),) = query(started, "select count(*) from snapshots.products")
    assert prices > 100


def test_stop_takes_its_own_addresses_out_and_start_goes_on(started: Warehouse) -> None:
    address = secrets()["social"]["url"]
    sample("stop")
    assert secrets() == {
        "pos": {"tills": {"quito": {"url": "mysql://till@quito.example.com/till"}}}
    }
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address)  # noqa: S310 - our own server
    sample("start")
    assert company.branches_of(started) == ["chicago", "quito"]
    assert answers() == 200


def test_a_branch_that_the_sample_does_not_have_is_one_sentence(started: Warehouse) -> None:
    assert started.embedded
    refused = sample("start", "--branch", "lyon", expect=1).stderr
    assert refused.startswith("The sample has no till 'lyon'; it has: new_york, ")
    assert "Traceback" not in refused
