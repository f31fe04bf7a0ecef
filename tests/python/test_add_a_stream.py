"""A topic of another shape than ours comes in by the steps of its how-to, and by nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from ingest.warehouse import PROJECT_DIR
from tests.python.commands import copy_project, declare, mypizza, sample
from tests.python.kafka import Mock

HOW_TO = PROJECT_DIR / "docs" / "how-to" / "add-a-stream.md"
ADDRESS = "kafka-1.example.com:9092,kafka-2.example.com:9092"
HELD = "select record_key, reasons[1] from audit.quarantine where source_name = 'streams'"
TOO_LARGE = "value: is no object of JSON, or has a number that is too large"
PARTITIONS = "select next_offset, messages, messages_held from staging.stg_streams__partitions"
BODIES = "select body from staging.stg_streams__events"
CLICKS = "select event_key, seconds from intermediate.int_clicks where seconds is not null"
ASKING = """
import json, sys
from ingest import warehouse
with warehouse.resolve().connect() as connection:
    found = [connection.execute(text).fetchall() for text in sys.argv[1:]]
print(json.dumps(found, default=str))
"""


def block(kind: str) -> str:
    """Return the page's one block of a language."""
    (found,) = re.findall(rf"^ *```{kind}\n(.*?)^ *```", HOW_TO.read_text("utf-8"), re.M | re.S)
    return textwrap.dedent(found)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path)


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Iterator[Path]:
    """A warehouse with a small company, whose systems are loaded."""
    home = tmp_path / "home"
    for file in (project / ".dlt").glob("*.toml"):
        file.unlink()
    declare(project, ["quito"])
    config = project / ".dlt" / "config.toml"
    document = tomlkit.parse(config.read_text("utf-8"))
    del document["sources"]["streams"]
    config.write_text(tomlkit.dumps(document), "utf-8")
    sample("start", "--branch", "quito", "--weeks", "2", project=project, folder=home)
    yield home
    sample("stop", project=project, folder=home)
    mypizza("down", project=project, folder=home)


def event(uuid: str | None, ts: Any = "2016-01-02T12:00:00Z", **fields: Any) -> str:
    meta = {"ts": ts} if uuid is None else {"uuid": uuid, "ts": ts}
    return json.dumps({"meta": meta, "visitor": "ana@example.com", **fields})


def answers(folder: Path, *statements: str) -> Any:
    """Return what statements find in the warehouse of a folder, as JSON has it."""
    variables = {name: text for name, text in os.environ.items() if name[:2] != "PG"}
    variables.pop("MYPIZZA_EMBEDDED", None)
    variables["MYPIZZA_WAREHOUSE_DIR"] = str(folder)
    asked = [sys.executable, "-c", ASKING, *statements]
    return json.loads(subprocess.run(asked, env=variables, check=True, stdout=-1).stdout)


def test_the_steps_of_the_page_bring_events_and_name_what_waits(
    project: Path, folder: Path
) -> None:
    mock, topic = Mock(), "web.clicks.v2"
    clicked: dict[str, Any] = {"key": "EC-01", "headers": [("ce_type", b"click")]}
    first = [event("a"), event("a"), event("b", 1451736000000, seconds=12), None]
    mock.produce(topic, first, **clicked)
    # late, and out of order
    mock.produce(
        topic,
        [event("old", "2015-12-24T09:00:00+00:00"), event("c", "2016-01-02 12:00", seconds="many")],
    )
    bad: list[str | bytes] = [
        "no json", b"\xff", "[1]", event(None), event("soon", "soon"), event("e", 4102444800000),
        event("large", pad="x" * 1_000_000), '{"meta": ' * 2000, '{"a": "\\u0000"}',
        event("d", None), event("nan", mood=float("nan")), '{"a": "\\ud83c"}',
        f'{{"meta": {{"uuid": "huge"}}, "a": [{"1e131071, " * 90_000} 1]}}', event("i" * 201),
    ]  # fmt: skip
    mock.produce(topic, bad)
    mock.produce(topic, [event("nowhere")], key="mars")
    # what only looks like a huge number, and a long one
    mock.produce(
        topic, ['{"meta": {"uuid": "3e2001", "ts": 1451736000000}, "a": %s}' % ("9" * 400)]
    )

    config = project / ".dlt" / "config.toml"
    declared = block("toml").replace(ADDRESS, mock.servers)
    assert mock.servers in declared
    config.write_text(f"{config.read_text('utf-8')}\n{declared}", "utf-8")
    listed = textwrap.indent(block("yaml"), "    ")
    assert listed in (project / "dbt_project.yml").read_text("utf-8")
    model = project / "models" / "intermediate" / "web" / "int_clicks.sql"
    model.write_text(block("jinja"), "utf-8")
    mypizza("ingest", project=project, folder=folder)
    built = ("dbt", "build", "--select", "+int_clicks", "+stg_streams__partitions")
    mypizza(*built, project=project, folder=folder)

    events, held, bodies, partitions, clicks = answers(
        folder, block("sql"), HELD, BODIES, PARTITIONS, CLICKS
    )
    assert clicks == [["clicks:b", 12]]
    noon = "2016-01-02 12:00:00+00:00"
    assert events[0][:4] == ["old", None, None, "2015-12-24 09:00:00+00:00"]
    assert sorted(event[:4] for event in events[1:]) == [
        ["3e2001", None, None, noon], ["a", "click", "quito", noon], ["b", "click", "quito", noon],
        ["c", None, None, noon],
    ]  # fmt: skip
    keys = sorted(f"clicks:{topic}:0:{place}" for place in range(6, 21))
    assert sorted(key for key, _ in held) == keys
    reasons = {int(key.rpartition(":")[2]): reason for key, reason in held}
    unreadable = "value: is no text of UTF-8, or JSON that is nested too deep"
    assert [reasons[place] for place in (7, 13)] == [unreadable] * 2
    assert [reasons[place] for place in (6, 8, 14, 16, 17, 18)] == [TOO_LARGE] * 6
    assert reasons[9] == "event_id: is missing"
    assert reasons[10] == "occurred_at: 'soon' is no time"
    assert "lies in the future" in reasons[11]
    assert "bytes, more than max_bytes allows: 1000000" in reasons[12]
    assert reasons[15] == "occurred_at: is missing"
    assert "is longer than an id may be" in reasons[19]
    assert "'mars' is no branch" in reasons[20]
    assert [22, 21, 15] in partitions
    assert not any("ana@" in body for (body,) in bodies)
