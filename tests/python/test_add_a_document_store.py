"""A collection of another shape than ours comes in by the steps of its how-to alone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import pytest

from ingest.warehouse import PROJECT_DIR
from tests.python.commands import copy_project, declare, mypizza, sample
from tests.python.test_add_a_stream import answers

HOW_TO = PROJECT_DIR / "docs" / "how-to" / "add-a-document-store.md"
WRITTEN = datetime(2016, 1, 2, 12, tzinfo=UTC)
HELD = "select record_key, reasons[1] from audit.quarantine where source_name = 'documents'"
STAGED = """
select review_id, branch_id, rating::float, review_language, photos, author_hash is not null
from staging.stg_documents__reviews order by review_id
"""
DATED = """
select review_id, business_date, answered_at is not null from intermediate.int_reviews_dated
"""


def blocks(kind: str) -> list[str]:
    """Return the page's blocks of a language."""
    found = re.findall(rf"^ *```{kind}\n(.*?)^ *```", HOW_TO.read_text("utf-8"), re.M | re.S)
    return [textwrap.dedent(each) for each in found]


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
    sample("start", "--branch", "quito", "--weeks", "2", project=project, folder=home)
    yield home
    sample("stop", project=project, folder=home)
    mypizza("down", project=project, folder=home)


def opinion(key: Any, **fields: Any) -> dict[str, Any]:
    return {
        "_id": key, "shop": {"code": "EC-01"}, "who": {"nick": "ana", "number": 7}, "lang": "es",
        "score": {"given": 8, "of": 10}, "words": "¡Qué rico!", "pictures": ["a", "b"],
        "meta": {"written": WRITTEN, "changed": WRITTEN}, "answers": [{"at": WRITTEN}], **fields,
    }  # fmt: skip


def test_the_steps_of_the_page_bring_reviews_and_name_what_waits(
    project: Path, folder: Path, tmp_path: Path
) -> None:
    dumps = tmp_path / "shop" / "dump_1"
    dumps.mkdir(parents=True)
    documents = [
        opinion("good"), opinion(7, answers=[], pictures=None), opinion("words", score="great"),
        opinion("list", pictures={"a": 1}), opinion("nul", words="a\0b"),
        opinion("mars", shop={"code": "mars"}), opinion("soon", meta={"written": "soon"}),
        opinion("text", meta={"written": "2016-01-02T12:00:00+00:00"}),
        opinion("endless", score={"given": float("nan"), "of": 10}),
    ]  # fmt: skip
    (dumps / "opinions.bson").write_bytes(b"".join(map(bson.encode, documents)))
    (dumps / "opinions.metadata.json").write_text("{}")

    config = project / ".dlt" / "config.toml"
    declared = blocks("toml")[0].replace("s3://backups/shop", str(dumps.parent))
    assert str(dumps.parent) in declared
    config.write_text(f"{config.read_text('utf-8')}\n{declared}", "utf-8")
    base = project / "models" / "staging" / "documents" / "base"
    (base / "base_documents__opinions.sql").write_text(blocks("jinja")[0], "utf-8")
    file = project / "dbt_project.yml"
    ours = textwrap.indent(blocks("yaml")[0], "    ")
    theirs = ours.replace("[opinions]", "[guest_reviews]")
    assert theirs in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(theirs, ours), "utf-8")
    mypizza("ingest", project=project, folder=folder)
    built = ("--select", "+int_reviews_dated", "--exclude", "test_type:unit")
    mypizza("dbt", "build", *built, project=project, folder=folder)

    landed, held, staged, dated = answers(folder, blocks("sql")[0], HELD, STAGED, DATED)
    assert len(landed) == len(documents)
    assert staged == [
        ['opinions:"good"', "quito", 4.0, "es", 2, True],
        ['opinions:"text"', "quito", 4.0, "es", 2, True],
        ['opinions:{"$numberInt": "7"}', "quito", 4.0, "es", None, True],
    ]
    assert sorted(dated) == [
        ['opinions:"good"', "2016-01-02", True], ['opinions:"text"', "2016-01-02", True],
        ['opinions:{"$numberInt": "7"}', "2016-01-02", False],
    ]  # fmt: skip
    reasons = {key.removeprefix("opinions:").strip('"'): reason for key, reason in held}
    assert reasons == {
        "words": "rating: is missing",
        "list": 'photos: \'{"a": {"$numberInt": "1"}}\' is not a whole number',
        "nul": "document: has what JSON cannot hold, such as \\u0000",
        "mars": "branch_id: 'mars' is no branch of seeds/branches.csv, nor one of branches",
        "soon": "reviewed_at: 'soon' is no time",
        "endless": "rating: 'NaN' is not a number",
    }
