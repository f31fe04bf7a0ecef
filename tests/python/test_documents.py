"""Documents land whole and once, from dumps and from a store, whatever happens to either."""

from __future__ import annotations

import gzip
import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import bson
import pytest
import tomlkit
from bson import Binary, DatetimeMS, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.json_util import CANONICAL_JSON_OPTIONS, LEGACY_JSON_OPTIONS, RELAXED_JSON_OPTIONS, dumps

from ingest.loads import driver
from ingest.loads.source import LoadResult, Window
from ingest.sources.documents.source import DOCUMENTS
from ingest.sources.documents.text import CODEC, text_of, value_of
from ingest.warehouse import Warehouse
from tests.python.commands import query, read_settings_again, settings

NOON = datetime(2016, 1, 2, 12, tzinfo=UTC)
IDS: list[Any] = [
    ObjectId("507f1f77bcf86cd799439011"), "text", 7, Int64(2**40), 7.5, Binary(b"\x00\xff"),
    Binary(UUID(int=7).bytes, 4), {"shop": 1, "number": "a"}, {"number": "a", "shop": 1}, NOON,
    True, "x" * 5000,
]  # fmt: skip
VALUES: dict[str, Any] = {
    "z": 1, "a": 2, "": "no name", "NUL": "a\0b", "not a number": float("nan"),
    "endless": float("-inf"), "long": Int64(7), "whole double": 7.0, "least": -(2**63),
    "before 1970": datetime(1901, 2, 3, tzinfo=UTC), "year one": datetime(1, 1, 1, tzinfo=UTC),
    "year 20000": DatetimeMS(568971820800000), "bytes": Binary(bytes(range(256)), 5),
    "pattern": Regex("^a.*b$", "im"), "clock": Timestamp(4, 2), "nothing": None,
    "nested": [[1, [2, {"b": 1, "a": [{}]}]], []], "🍕": "ünïcode", "empty": {}, "yes": True,
}  # fmt: skip
ONLY_IN_DUMPS = {"money": Decimal128("12.50"), "least key": MinKey(), "last key": MaxKey()}
DOTTED = {"a.b": 1, "$set": 2, "$": {"$x.y": 3}}
"""Names that stores take today, and once did not."""


@dataclass
class Collected:
    """A collection of the test's own, declared alone."""

    warehouse: Warehouse
    name: str
    declared: dict[str, Any] = field(default_factory=dict)

    def declare(self, **keys: Any) -> None:
        """Write the collection's section."""
        self.declared |= keys
        text = tomlkit.dumps(
            {"sources": {"documents": {"collections": {self.name: self.declared}}}}
        )
        (settings() / "config.toml").write_text(text, encoding="utf-8")
        read_settings_again()

    def load(self) -> list[LoadResult]:
        """Run the source."""
        return driver.run(self.warehouse, [DOCUMENTS])

    def landed(self) -> dict[str, str]:
        """Return the documents that are not deleted, by id; a doubled one fails."""
        found = self.rows("document_id, document", "_deleted_at is null")
        assert len(dict(found)) == len(found)
        return dict(found)

    def rows(self, columns: str, condition: str = "true") -> list[Any]:
        """Return columns of what has landed."""
        return query(
            self.warehouse, f"select {columns} from raw_documents.{self.name} where {condition}"
        )


def made(request: pytest.FixtureRequest, warehouse: Warehouse, **declared: Any) -> Collected:
    found = Collected(warehouse, f"c{abs(hash(request.node.name))}")
    found.declare(**declared)
    return found


@pytest.fixture
def dumped(request: pytest.FixtureRequest, warehouse: Warehouse, tmp_path: Path) -> Collected:
    """A collection that comes as dumps."""
    return made(request, warehouse, url=str(tmp_path), files="**/reviews*")


def dump(folder: Path, documents: list[Any], name: str = "reviews.bson", day: int = 0) -> Path:
    """Write a dump as mongodump does, and its metadata beside it."""
    content = b"".join(bson.encode(each, codec_options=CODEC) for each in documents)
    (folder / f"{name}.metadata.json").write_text('{"indexes": []}')
    file = folder / name
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    os.utime(file, (1_450_000_000 + day * 86400,) * 2)
    return file


def succeeded(results: list[LoadResult]) -> int:
    """Check that nothing went wrong, and return how many documents changed."""
    assert [result.error for result in results if result.error] == []
    return sum(result.row_count for result in results)


def problem(results: list[LoadResult]) -> str:
    """Return the one thing that went wrong."""
    (sentence,) = [result.error for result in results if result.error]
    assert "Traceback" not in sentence
    return sentence


def texts(documents: list[Any]) -> dict[str, str]:
    return {text_of(each["_id"]): text_of(each) for each in documents}


@pytest.mark.parametrize("name", ["reviews.bson", "reviews.bson.gz"])
def test_a_dump_lands_whole_whatever_its_documents_hold(
    dumped: Collected, tmp_path: Path, name: str
) -> None:
    odd = [{"_id": each, **VALUES, **ONLY_IN_DUMPS, **DOTTED} for each in IDS]
    dump(tmp_path, [*odd, {"_id": MinKey()}], name)
    assert succeeded(dumped.load()) == len(IDS) + 1
    landed = dumped.landed()
    assert landed == texts([*odd, {"_id": MinKey()}])
    for document in odd:
        again = value_of(landed[text_of(document["_id"])])
        assert bson.encode(again, codec_options=CODEC) == bson.encode(document, codec_options=CODEC)
    assert succeeded(dumped.load()) == 0


@pytest.mark.parametrize("is_list", [False, True], ids=["lines", "list"])
@pytest.mark.parametrize(
    "options", [CANONICAL_JSON_OPTIONS, RELAXED_JSON_OPTIONS, LEGACY_JSON_OPTIONS]
)
def test_an_export_lands_as_the_dump_does(
    dumped: Collected, tmp_path: Path, options: Any, is_list: bool
) -> None:
    document = {"_id": IDS[0], "at": NOON, "old": datetime(1901, 2, 3, tzinfo=UTC), "text": "a\0ü"}
    documents = [document, {"_id": "b", "nested": [{"on": NOON}]}]
    lines = [dumps(each, json_options=options) for each in documents]
    text = f"[{', '.join(lines)}]" if is_list else "".join(f"{line}\n" for line in lines)
    (tmp_path / "reviews.json").write_text(text)
    assert succeeded(dumped.load()) == 2
    assert dumped.landed() == texts(documents)


def test_the_newest_dump_counts_and_what_it_lacks_is_deleted(
    dumped: Collected, tmp_path: Path
) -> None:
    documents = [{"_id": number, "stars": 5} for number in range(20)]
    dump(tmp_path, documents, "reviews_1.bson")
    succeeded(dumped.load())
    loads = dict(dumped.rows("document_id, _dlt_load_id"))
    changed = [{"_id": 1, "stars": 1}, *documents[2:]]
    dump(tmp_path, changed, "reviews_2.bson", day=1)
    assert succeeded(dumped.load()) == 2
    assert dumped.landed() == texts(changed)
    now = dict(dumped.rows("document_id, _dlt_load_id"))
    assert {key for key in now if now[key] != loads[key]} == {text_of(0), text_of(1)}
    # an older one changes nothing; one that has it again brings it back
    dump(tmp_path, [], "reviews_0.bson", day=-1)
    assert succeeded(dumped.load()) == 0
    dump(tmp_path, documents, "reviews_3.bson", day=2)
    assert succeeded(dumped.load()) == 2
    assert dumped.landed() == texts(documents)


@pytest.mark.parametrize("name", ["reviews.bson", "reviews.bson.gz", "reviews.json"])
@pytest.mark.parametrize("damage", ["cut", "garbage"])
def test_a_damaged_dump_is_told_with_its_byte_and_deletes_nothing(
    dumped: Collected, tmp_path: Path, name: str, damage: str
) -> None:
    documents = [{"_id": number, "stars": number % 5, "pad": "é" * number} for number in range(300)]
    file = dump(tmp_path, documents, name)
    if name.endswith("json"):
        file.write_text("".join(f"{text_of(each)}\n" for each in documents))
    whole = file.read_bytes()
    succeeded(dumped.load())
    half = len(whole) // 2
    garbage = whole[:half] + b"\xff" * 40 + whole[half + 40 :]
    file.write_bytes(whole[: half - 3] if damage == "cut" else garbage)
    sentence = problem(dumped.load())
    assert f"The dump {name} " in sentence
    assert "from byte " in sentence
    assert dumped.landed() == texts(documents)
    file.write_bytes(whole)
    os.utime(file, (1_460_000_000,) * 2)
    succeeded(dumped.load())


def test_a_collection_that_is_suddenly_empty_is_a_finding_until_a_person_accepts_it(
    dumped: Collected, tmp_path: Path
) -> None:
    dump(tmp_path, [{"_id": number} for number in range(100)])
    succeeded(dumped.load())
    dump(tmp_path, [{"_id": 5}], day=1)
    for _ in range(2):
        assert "has lost 99 of 100 documents" in problem(dumped.load())
        assert len(dumped.landed()) == 100
    (compared,) = driver.compare(dumped.warehouse, [DOCUMENTS], None, Window(accept_loss=True))
    assert compared.problem is None
    assert len(dumped.landed()) == 1
    assert succeeded(dumped.load()) == 0


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"files": "none*"}, "No dump of the collection"),
        ({"url": "/nowhere"}, "cannot be read"),
        ({"files": None, "url": "mongodb://x"}, "a store needs database and collection"),
        ({"files": None}, "a folder of dumps needs files"),
        ({"url": "mongodb://", "database": "a", "collection": "b"}, "is not allowed"),
        ({"personal": ["guest.name"]}, "allowed is a whole field"),
    ],
)
def test_what_is_declared_wrongly_is_told_in_one_sentence(
    dumped: Collected, tmp_path: Path, declared: dict[str, Any], sentence: str
) -> None:
    dump(tmp_path, [{"_id": 1}])
    dumped.declared |= declared
    dumped.declared = {key: it for key, it in dumped.declared.items() if it is not None}
    dumped.declare()
    assert sentence in problem(dumped.load())


def test_an_erased_customer_is_taken_out_of_the_documents_and_stays_out(
    dumped: Collected, tmp_path: Path
) -> None:
    dumped.declare(branch="shop", branches={"quito": "EC-1"}, customer="guest.number",
                   personal=["guest", "text"])  # fmt: skip

    def review(key: int, number: int, **more: Any) -> dict[str, Any]:
        guest = {"name": "Ana", "number": number}
        return {"_id": key, "shop": "EC-1", "guest": guest, "text": "Ana was here", **more}

    documents = [review(1, 7), review(2, 8)]
    dump(tmp_path, documents)
    succeeded(dumped.load())
    query(
        dumped.warehouse,
        "insert into audit.erasures (branch_id, customer_id) values ('quito', '7')",
    )
    try:
        succeeded(dumped.load())
        erased = texts([{"_id": 1, "shop": "EC-1"}, documents[1]])
        assert dumped.landed() == erased
        dump(tmp_path, documents, day=1)
        assert succeeded(dumped.load()) == 0
        assert dumped.landed() == erased
        dump(tmp_path, [review(1, 7, stars=2), documents[1]], day=2)
        assert succeeded(dumped.load()) == 1
        assert dumped.landed() == texts([{"_id": 1, "shop": "EC-1", "stars": 2}, documents[1]])
    finally:
        query(dumped.warehouse, "delete from audit.erasures")
