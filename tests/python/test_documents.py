"""Documents land whole and once, from dumps and from a store, whatever happens to either."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
from ingest.sources.documents.land import Landing
from ingest.sources.documents.source import DOCUMENTS
from ingest.sources.documents.store import Store
from ingest.sources.documents.text import CODEC, Document, text_of, value_of
from ingest.warehouse import Warehouse
from tests.python import preloaded
from tests.python.commands import query, read_settings_again, settings
from tests.python.ferretdb import Ferret, needs_ferretdb, run_ferretdb
from tests.python.test_conformance import A_RUN

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
REFUSED_BY_FERRETDB = {"not a number", "endless", "nested"}
"""Fields that FerretDB 1.24 does not take."""

DOTTED = {"a.b": 1, "$set": 2, "$": {"$x.y": 3}}
"""Names that stores take today, and once did not."""


@pytest.fixture(scope="module")
def ferret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ferret]:
    with run_ferretdb(tmp_path_factory.mktemp("documents")) as server:
        yield server


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

    def load(self, *, follow: bool = False) -> list[LoadResult]:
        """Run the source, as often as `mypizza follow` does or as `mypizza run` does."""
        return driver.run(
            self.warehouse, [DOCUMENTS], following=(lambda *_: True) if follow else None
        )

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


@pytest.fixture
def live(request: pytest.FixtureRequest, warehouse: Warehouse, ferret: Ferret) -> Collected:
    """A collection of FerretDB's, which has a time of change."""
    name = f"c{abs(hash(request.node.name))}"
    found = Collected(warehouse, name)
    found.declare(url=ferret.url, database="shop", collection=name, updated_at="meta.at",
                  timeout_seconds=3)  # fmt: skip
    ferret.documents(name).database.create_collection(name)
    return found


def dump(folder: Path, documents: list[Any], name: str = "reviews.bson", day: int = 0) -> Path:
    """Write a dump as mongodump does, and its metadata beside it."""
    content = b"".join(bson.encode(each, codec_options=CODEC) for each in documents)
    (folder / f"{name}.metadata.json").write_text('{"indexes": []}')
    file = folder / name
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    os.utime(file, (1_450_000_000 + day * 86400,) * 2)
    return file


def archive(
    file: Path, collections: dict[tuple[str, str], list[Any]], *, is_whole: bool = True
) -> None:
    """Write what `mongodump --archive` does, by its specification, one document of each in turn."""
    end = b"\xff" * 4

    def header(place: tuple[str, str], **rest: Any) -> bytes:
        return bson.encode({"db": place[0], "collection": place[1], **rest})

    parts = [b"\x6d\xe2\x99\x81", bson.encode({"concurrent_collections": 4, "version": "0.1"})]
    parts += [header(place, metadata='{"indexes": []}', size=1) for place in collections]
    parts.append(end)
    for turn in range(max(len(documents) for documents in collections.values())):
        for place, documents in collections.items():
            block = [bson.encode(each, codec_options=CODEC) for each in documents[turn : turn + 1]]
            if block:
                parts += [header(place, EOF=False, CRC=Int64(0)), *block, end]
            if turn == len(documents) - 1 and is_whole:
                parts += [header(place, EOF=True, CRC=Int64(7)), end]
    content = b"".join(parts)
    file.write_bytes(gzip.compress(content) if file.name.endswith(".gz") else content)


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


@pytest.mark.parametrize("name", ["reviews.archive", "reviews.gz", "reviews.bson"])
def test_an_archive_of_many_collections_lands_as_the_dump_of_one_does(
    dumped: Collected, tmp_path: Path, name: str
) -> None:
    odd = [{"_id": each, **VALUES, **ONLY_IN_DUMPS, **DOTTED} for each in IDS]
    others = [{"_id": number} for number in range(3)]
    found = {("shop", "guests"): others, ("shop", "told"): odd, ("old", "told"): others}
    archive(tmp_path / name, found)
    dumped.declare(database="shop", collection="told")
    assert succeeded(dumped.load()) == len(IDS)
    assert dumped.landed() == texts(odd)
    assert succeeded(dumped.load()) == 0


def test_a_collection_that_an_archive_has_nowhere_or_twice_is_one_sentence(
    dumped: Collected, tmp_path: Path
) -> None:
    one = [{"_id": 1}]
    file = tmp_path / "reviews.archive"
    archive(file, {("shop", "guests"): one, ("old", dumped.name): one, ("new", dumped.name): one})
    assert (
        f"The archive reviews.archive has several collections {dumped.name} (there are new."
        f"{dumped.name}, old.{dumped.name}): write database and collection, as the archive calls "
        f"them, into [sources.documents.collections.{dumped.name}] of .dlt/config.toml"
    ) in problem(dumped.load())
    dumped.declare(database="new")
    assert succeeded(dumped.load()) == 1
    dumped.declare(database="shop")
    os.utime(file, (1_460_000_000,) * 2)
    assert f"has no collection shop.{dumped.name} (there are new." in problem(dumped.load())
    assert dumped.landed() == texts(one)


@pytest.mark.parametrize("damage", ["cut", "without its end", "garbage"])
def test_a_damaged_archive_is_told_with_its_byte_and_deletes_nothing(
    dumped: Collected, tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "reviews.archive"
    documents = [{"_id": number, "pad": f"{number / 7}"} for number in range(300)]
    found = {("shop", "guests"): [], ("shop", dumped.name): documents}
    archive(file, found)
    succeeded(dumped.load())
    archive(file, found, is_whole=damage != "without its end")
    whole, half = file.read_bytes(), file.stat().st_size // 2
    if damage != "without its end":
        garbage = whole[:half] + b"\xfe" * 90 + whole[half + 90 :]
        file.write_bytes(whole[:half] if damage == "cut" else garbage)
    os.utime(file, (1_460_000_000,) * 2)
    sentence = problem(dumped.load())
    assert "The dump reviews.archive " in sentence
    assert "cannot be read from byte " in sentence
    assert dumped.landed() == texts(documents)


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
    documents = [
        {"_id": number, "stars": number % 5, "pad": f"{number / 7}"} for number in range(300)
    ]
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
        ({"password": "secret"}, "has the password of a store in password"),
        ({"url": "mongodb://me:secret@x/"}, "has the password of a store in url"),
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
    dumped.declare(branch="shop", branches={"quito": 1}, customer="guest.number",
                   personal=["guest", "text"])  # fmt: skip

    def review(key: int, number: float, **more: Any) -> dict[str, Any]:
        guest = {"name": "Ana", "number": number}
        return {"_id": key, "shop": 1, "guest": guest, "text": "Ana was here", **more}

    # of a type that it cannot have, and numbers with places
    odd = {"shop": 1.0, "due": {"$date": "tomorrow"}}
    documents = [review(1, 7), review(2, 8), review(3, 7.0, **odd)]
    dump(tmp_path, documents)
    succeeded(dumped.load())
    query(
        dumped.warehouse,
        "insert into audit.erasures (branch_id, customer_id) values ('quito', '7')",
    )
    try:
        succeeded(dumped.load())
        third = {"_id": 3, **odd}
        erased = texts([{"_id": 1, "shop": 1}, documents[1], third])
        assert dumped.landed() == erased
        dump(tmp_path, documents, day=1)
        assert succeeded(dumped.load()) == 0
        assert dumped.landed() == erased
        dump(tmp_path, [review(1, 7, stars=2), *documents[1:]], day=2)
        assert succeeded(dumped.load()) == 1
        changed = {"_id": 1, "shop": 1, "stars": 2}
        assert dumped.landed() == texts([changed, documents[1], third])
    finally:
        query(dumped.warehouse, "delete from audit.erasures")


def reviews(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Return documents, each changed a second after the one before."""
    return [
        {"_id": number, "stars": number % 5, "meta": {"at": NOON + timedelta(seconds=number)}}
        for number in range(first, first + count)
    ]


def everything(ferret: Ferret, live: Collected) -> dict[str, str]:
    """Return what the store has, by a cursor that knows nothing of ours."""
    return texts(list(ferret.documents(live.name).find()))


@needs_ferretdb
def test_a_stores_documents_land_whole_whatever_they_hold(live: Collected, ferret: Ferret) -> None:
    odd = [
        {"_id": key, **{name: it for name, it in VALUES.items() if name not in REFUSED_BY_FERRETDB}}
        for key in IDS
    ]
    ferret.documents(live.name).insert_many(odd)
    assert succeeded(live.load()) == len(odd)
    assert live.landed() == texts(odd)
    assert succeeded(live.load()) == 0


@needs_ferretdb
def test_a_document_of_sixteen_megabytes_lands(live: Collected, ferret: Ferret) -> None:
    large = {"_id": 1, "text": "é" * 8_000_000, "meta": {"at": NOON}}
    ferret.documents(live.name).insert_one(large)
    live.declare(timeout_seconds=60)
    assert succeeded(live.load()) == 1
    assert live.rows("length(document) > 8000000") == [(True,)]


@needs_ferretdb
def test_only_what_has_changed_lands_again_and_what_is_gone_is_marked(
    live: Collected, ferret: Ferret
) -> None:
    live.declare(overlap_seconds=2)
    store = ferret.documents(live.name)
    store.insert_many(reviews(40))
    assert succeeded(live.load()) == 40
    loads = dict(live.rows("document_id, _dlt_load_id"))
    # changed; changed without its time, which nobody can see; late, before the overlap; without a
    # time; new; gone
    store.update_one({"_id": 3}, {"$set": {"stars": 9, "meta.at": NOON + timedelta(days=1)}})
    store.insert_many([{"_id": "late", "meta": {"at": NOON}}, {"_id": "none"}, *reviews(1, 40)])
    store.delete_one({"_id": 7})
    assert succeeded(live.load()) == 5
    assert live.landed() == everything(ferret, live)
    now = dict(live.rows("document_id, _dlt_load_id"))
    changed = {key for key in now if now[key] != loads.get(key)}
    assert changed == set(map(text_of, [3, "late", "none", 40, 7]))
    assert live.rows("document_id", "_deleted_at is not null") == [(text_of(7),)]
    assert succeeded(live.load()) == 0


@needs_ferretdb
def test_who_follows_reads_what_changed_and_compares_the_ids_every_so_often(
    live: Collected, ferret: Ferret
) -> None:
    # seconds since 1970, as doubles: a change may come later than it says, as with any time
    live.declare(overlap_seconds=20)
    store = ferret.documents(live.name)
    store.insert_many([{"_id": key, "meta": {"at": 1446382800.5 + key}} for key in range(40)])
    assert succeeded(live.load(follow=True)) == 40
    store.delete_one({"_id": 7})
    store.insert_one({"_id": "late", "meta": {"at": 1446382825.5}})
    store.insert_one({"_id": "too late", "meta": {"at": 1446382800.5}})
    assert succeeded(live.load(follow=True)) == 1
    assert live.rows("document_id", "_deleted_at is not null") == []
    live.declare(compare_seconds=0)
    assert succeeded(live.load(follow=True)) == 2
    assert live.landed() == everything(ferret, live)
    live.declare(compare_seconds=3600)
    store.delete_one({"_id": 8})
    assert succeeded(live.load(follow=True)) == 0
    assert succeeded(live.load()) == 1
    assert live.landed() == everything(ferret, live)


@needs_ferretdb
def test_a_collection_without_a_time_of_change_is_compared_as_a_whole(
    live: Collected, ferret: Ferret
) -> None:
    live.declared.pop("updated_at")
    live.declare()
    store = ferret.documents(live.name)
    store.insert_many(reviews(30))
    assert succeeded(live.load()) == 30
    store.update_one({"_id": 3}, {"$set": {"stars": 9}})
    store.delete_one({"_id": 4})
    assert succeeded(live.load()) == 2
    assert live.landed() == everything(ferret, live)


@needs_ferretdb
def test_a_first_load_that_was_cut_short_goes_on_where_it_was(
    live: Collected, ferret: Ferret, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.declare(chunk_bytes=1000)
    store = ferret.documents(live.name)
    store.insert_many(reviews(100))
    land, asked = Landing.land, list[str | None]()

    def cut(self: Landing, documents: Any, reached: Any) -> Iterator[int]:
        for number, changed in enumerate(land(self, documents, reached)):
            yield changed
            if number == 2:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Landing, "land", cut)
        with pytest.raises(KeyboardInterrupt):
            live.load()
    some = len(live.landed())
    assert 0 < some < 100
    # by then other documents changed: the position is that of the first load's begin
    store.update_one({"_id": 0}, {"$set": {"stars": 9, "meta.at": NOON + timedelta(days=1)}})
    by_id = Store.by_id

    def watched(self: Store, after: str | None) -> Iterator[Document]:
        asked.append(after)
        return by_id(self, after)

    monkeypatch.setattr(Store, "by_id", watched)
    assert succeeded(live.load()) == 100 - some + 1
    assert asked
    assert asked[0] is not None
    assert live.landed() == everything(ferret, live)


@needs_ferretdb
def test_a_run_that_is_killed_at_any_moment_loses_and_doubles_nothing(
    live: Collected, ferret: Ferret
) -> None:
    live.declare(chunk_bytes=20_000)
    store, luck = ferret.documents(live.name), random.Random(live.name)  # noqa: S311 - dice
    for turn in range(4):
        store.insert_many([{**each, "pad": "x" * 900} for each in reviews(1500, 2000 * turn)])
        store.delete_one({"_id": 2000 * turn + 5})
        arguments = ["documents", live.warehouse.database]
        preloaded.kill(A_RUN, arguments, dict(os.environ), luck.uniform(0.2, 1.5))
        # a run that was killed early has no table yet; of what landed, nothing is doubled
        if query(live.warehouse, f"select to_regclass('raw_documents.{live.name}')") != [(None,)]:
            live.landed()
    succeeded(live.load())
    assert live.landed() == everything(ferret, live)
    assert succeeded(live.load()) == 0


@needs_ferretdb
def test_a_store_that_is_down_or_goes_away_is_one_sentence_and_what_landed_stays(
    live: Collected, ferret: Ferret, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.declare(timeout_seconds=1, chunk_bytes=1000)
    ferret.documents(live.name).insert_many([{**each, "pad": "x" * 500} for each in reviews(2000)])
    land = Landing.land

    def killed(self: Landing, documents: Any, reached: Any) -> Iterator[int]:
        for number, changed in enumerate(land(self, documents, reached)):
            if number == 3:
                ferret.kill()
            yield changed

    try:
        with monkeypatch.context() as patched:
            patched.setattr(Landing, "land", killed)
            assert "does not answer" in problem(live.load())
        some = len(live.landed())
        assert 0 < some < 2000
        sentence = problem(live.load())
        assert "does not answer" in sentence
        assert "the next run goes on from there" in sentence
        assert len(live.landed()) == some
    finally:
        ferret.start()
    assert succeeded(live.load()) == 2000 - some
    assert live.landed() == everything(ferret, live)


@needs_ferretdb
def test_a_collection_that_is_lost_is_told_and_nothing_is_deleted(
    live: Collected, ferret: Ferret
) -> None:
    store = ferret.documents(live.name)
    store.insert_many(reviews(30))
    succeeded(live.load())
    store.drop()
    assert "does not exist" in problem(live.load())
    store.database.create_collection(live.name)
    assert "has lost 30 of 30 documents" in problem(live.load())
    assert len(live.landed()) == 30
    (compared,) = driver.compare(live.warehouse, [DOCUMENTS], None, Window(accept_loss=True))
    assert compared.problem is None
    assert live.landed() == {}
    assert succeeded(live.load()) == 0


@needs_ferretdb
def test_a_wrong_login_and_tls_are_one_sentence_without_the_password(
    live: Collected, ferret: Ferret, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = ferret.url.removeprefix("mongodb://")
    live.declare(url=f"mongodb://reader@{host}?authMechanism=SCRAM-SHA-256")
    monkeypatch.setenv(f"SOURCES__DOCUMENTS__COLLECTIONS__{live.name.upper()}__PASSWORD", "s3cret")
    sentence = problem(live.load())
    assert "refuses us" in sentence
    assert "s3cret" not in sentence
    live.declare(url=f"{ferret.url}?tls=true&tlsAllowInvalidCertificates=true", timeout_seconds=1)
    assert "does not answer" in problem(live.load())
    live.declare(url=f"{ferret.url}?tls=true&tlsCAFile=/nowhere.pem")
    assert "is not allowed" in problem(live.load())
