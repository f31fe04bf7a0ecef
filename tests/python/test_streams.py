"""Topics land exactly once, whatever happens to the run, the broker and the topic."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import tomlkit

from ingest import warehouse as warehouse_module
from ingest.loads import driver, erasure
from ingest.loads.source import LoadResult, SourceError
from ingest.sources.streams import broker as streams
from ingest.sources.streams.land import land
from ingest.sources.streams.source import STREAMS
from ingest.sources.streams.topic import Topic, configured
from ingest.warehouse import Warehouse
from tests.python import preloaded
from tests.python.commands import query, read_settings_again, settings
from tests.python.kafka import Broker, Kafka, Mock, free_port, needs_kafka, run_kafka
from tests.python.test_conformance import A_RUN


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with run_kafka(tmp_path_factory.mktemp("streams")) as broker:
        yield broker


@pytest.fixture(scope="module")
def mock() -> Mock:
    return Mock()


@dataclass
class Stream:
    """A topic of the test's own, declared alone."""

    warehouse: Warehouse
    broker: Any
    name: str
    partitions: int = 1
    declared: dict[str, Any] = field(default_factory=dict)

    def declare(self, shared: dict[str, Any] | None = None, **keys: Any) -> None:
        """Write the topic's section, and what stands for all topics."""
        self.declared |= keys
        streams = {
            "bootstrap_servers": self.broker.servers, "timeout_seconds": 5, **(shared or {}),
            "topics": {self.name: {"event_id": "id", **self.declared}},
        }  # fmt: skip
        text = tomlkit.dumps({"sources": {"streams": streams}})
        (settings() / "config.toml").write_text(text, encoding="utf-8")
        read_settings_again()

    def load(self) -> LoadResult:
        """Run the source."""
        (result,) = driver.run(self.warehouse, [STREAMS])
        return result

    def rows(self, columns: str = "value") -> list[Any]:
        """Return columns of what has landed, in the topic's order."""
        found = query(
            self.warehouse,
            f"select {columns} from raw_streams.{self.name}"
            " order by topic_id, partition_id, message_offset",
        )
        return [row[0] if len(row) == 1 else row for row in found]

    def landed(self) -> list[tuple[int, int, bytes | None]]:
        """What has landed, as `Broker.recount` has it; twice, if it landed twice."""
        found = query(
            self.warehouse,
            "select partition_id, message_offset,"
            " coalesce(convert_to(value, 'UTF8'), value_bytes)"
            f" from raw_streams.{self.name}",
        )
        return sorted((row[0], row[1], row[2]) for row in found)


@pytest.fixture
def stream(request: pytest.FixtureRequest, warehouse: Warehouse, kafka: Kafka) -> Stream:
    """A topic of Apache Kafka's."""
    return made(request, warehouse, kafka)


@pytest.fixture(params=["mock", pytest.param("kafka", marks=needs_kafka)])
def any_stream(request: pytest.FixtureRequest, warehouse: Warehouse) -> Stream:
    """A topic of either kind of broker."""
    return made(request, warehouse, request.getfixturevalue(request.param))


def made(request: pytest.FixtureRequest, warehouse: Warehouse, broker: Any) -> Stream:
    name = f"s{abs(hash(request.node.name))}"
    broker.create(name)
    found = Stream(warehouse, broker, name)
    found.declare()
    return found


def succeeded(result: LoadResult) -> LoadResult:
    assert (result.outcome, result.error) == ("succeeded", None)
    return result


def test_a_message_lands_once_also_when_it_comes_alone(any_stream: Stream) -> None:
    any_stream.broker.produce(any_stream.name, ["a", "b"])
    first = succeeded(any_stream.load())
    assert (first.kind, first.row_count) == ("initial", 2)
    assert succeeded(any_stream.load()).row_count == 0
    any_stream.broker.produce(any_stream.name, ["c"])
    assert succeeded(any_stream.load()).row_count == 1
    assert any_stream.rows() == ["a", "b", "c"]
    assert any_stream.landed() == any_stream.broker.recount(any_stream.name)


def test_a_message_lands_whole_whatever_it_holds(any_stream: Stream) -> None:
    broker, name = any_stream.broker, any_stream.name
    odd = 'tab\t, line\nbreak\r, back\\slash \\N, "quotes", 🍕'
    broker.produce(name, [odd, "", None], key=odd, headers=[("ce_id", b"1"), ("odd", b"\xff")])
    # the mock keeps the last 5 MB
    large = "x" * (10_000_000 if isinstance(broker, Kafka) else 100_000)
    broker.produce(name, [b"a\x00b", b"\xff\xfe", "[" * 5000, large], timestamp=1)
    succeeded(any_stream.load())
    assert any_stream.rows("value")[:3] == [odd, "", None]
    assert any_stream.rows("message_key")[0] == odd
    assert any_stream.rows("headers")[0] == '[["ce_id", "1"], ["odd", "\\\\xff"]]'
    assert any_stream.rows("timestamp_ms, timestamp_type")[3] == (1, "create")
    assert [value is None for value in any_stream.rows("value")[3:]] == [True, True, True, False]
    assert any_stream.landed() == broker.recount(name)


@pytest.mark.parametrize(
    "one_of_them", ["plain", None, b"a\x00b", b"\xff", b"[" * 1001, "x" * 1001]
)
def test_many_messages_land_whole_whatever_one_of_them_holds(
    any_stream: Stream, one_of_them: str | bytes | None
) -> None:
    broker, name = any_stream.broker, any_stream.name
    values = [f'{number}\t\\N\n\r\\ "🍕"' for number in range(50)]
    producer = broker.producer()
    for value in [*values, one_of_them]:
        producer.produce(name, value, key=value, partition=0)
    assert producer.flush(30) == 0
    succeeded(any_stream.load())
    assert any_stream.rows("value")[:50] == any_stream.rows("message_key")[:50] == values
    shown = f"\\x{one_of_them.hex()}" if isinstance(one_of_them, bytes) else one_of_them
    assert any_stream.rows("message_key")[50] == shown
    assert any_stream.landed() == broker.recount(name)


def test_the_command_needs_no_broker_where_no_topic_is_declared(warehouse: Warehouse) -> None:
    (settings() / "config.toml").write_text("", encoding="utf-8")
    read_settings_again()
    assert driver.run(warehouse, [STREAMS]) == []


@needs_kafka
def test_what_a_transaction_took_back_does_not_land_and_an_open_one_is_waited_for(
    stream: Stream,
) -> None:
    producer = stream.broker.producer(**{"transactional.id": stream.name})
    producer.init_transactions(20)

    def write(*values: str) -> None:
        producer.begin_transaction()
        for value in values:
            producer.produce(stream.name, value)
        producer.flush(20)

    write("a", "b")
    producer.commit_transaction(20)
    write("gone")
    producer.abort_transaction(20)
    assert succeeded(stream.load()).row_count == 2
    # its position is beyond the markers: they may go, and nothing is lost
    stream.broker.forget_before(stream.name, 5)
    assert succeeded(stream.load()).row_count == 0
    write("c")
    started = time.monotonic()
    assert succeeded(stream.load()).row_count == 0
    assert time.monotonic() - started < 4
    stream.broker.produce(stream.name, ["behind the open one"])
    assert succeeded(stream.load()).row_count == 0
    producer.commit_transaction(20)
    assert succeeded(stream.load()).row_count == 2
    assert stream.rows() == ["a", "b", "c", "behind the open one"]


@needs_kafka
def test_a_partition_that_is_added_is_read_from_its_start_and_said(stream: Stream) -> None:
    stream.broker.produce(stream.name, ["a"])
    succeeded(stream.load())
    stream.broker.widen(stream.name, 2)
    stream.broker.produce(stream.name, ["b", "c"], partition=1)
    result = succeeded(stream.load())
    assert result.row_count == 2
    assert "has the partition 1 more" in result.notes[0]
    assert stream.landed() == stream.broker.recount(stream.name, 2)
    assert succeeded(stream.load()).notes == ()


@needs_kafka
@pytest.mark.parametrize("length", [1, 3, 9], ids=["shorter", "as long", "longer"])
def test_a_topic_that_was_made_anew_is_noticed_said_and_read(stream: Stream, length: int) -> None:
    stream.broker.produce(stream.name, ["old"] * 3)
    succeeded(stream.load())
    stream.broker.delete(stream.name)
    stream.broker.create(stream.name)
    stream.broker.produce(stream.name, ["new"] * length)
    result = succeeded(stream.load())
    assert result.row_count == length
    assert "was made anew" in result.notes[0]
    assert sorted(stream.rows()) == ["new"] * length + ["old"] * 3
    again = succeeded(stream.load())
    assert (again.row_count, again.notes) == (0, ())


@needs_kafka
def test_nothing_of_a_topic_that_is_made_anew_while_it_is_read_lands_under_the_former_id(
    stream: Stream,
) -> None:
    kafka, name = stream.broker, stream.name
    kafka.produce(name, ["old"] * 3)
    (topic,) = configured().values()
    assert isinstance(topic, Topic)
    reader = streams.Broker(topic)
    with driver.session(stream.warehouse) as session:
        STREAMS.prepare(session)
        extent = reader.extent()
        kafka.delete(name)
        kafka.create(name)
        kafka.produce(name, ["new"] * 9)
        with pytest.raises(SourceError, match="was made anew while it was read"):
            list(land(session.connection, reader, extent, {0: 0}, {}))
    reader.close()
    assert stream.rows() == []
    succeeded(stream.load())
    assert stream.rows() == ["new"] * 9


def test_another_topic_is_said_and_read_from_its_beginning(any_stream: Stream) -> None:
    broker, name = any_stream.broker, any_stream.name
    other = f"{name}_other"
    broker.create(other)
    broker.produce(name, ["a", "b", "c"])
    broker.produce(other, ["d", "e"])
    if isinstance(broker, Kafka):  # what retention has taken before was never ours
        broker.forget_before(other, 1)
    succeeded(any_stream.load())
    any_stream.declare(topic=other)
    result = succeeded(any_stream.load())
    assert f"is another topic now, {other} and no longer {name}" in result.notes[0]
    assert "from its start" in result.notes[0]
    assert sorted(any_stream.rows())[:3] == ["a", "b", "c"]
    assert sorted(any_stream.rows())[-1] == "e"
    broker.produce(name, ["f"])
    any_stream.declare(topic=name)
    result = succeeded(any_stream.load())
    assert (result.row_count, "where it was left" in result.notes[0]) == (1, True)
    assert succeeded(any_stream.load()).notes == ()


def test_an_erasure_takes_what_identifies_a_person_out_of_messages_now_and_later(
    any_stream: Stream,
) -> None:
    broker, name, warehouse = any_stream.broker, any_stream.name, any_stream.warehouse
    ana = len(broker.servers) * 1000 + int(isinstance(broker, Kafka))  # of this topic alone
    any_stream.declare(
        branch="shop.code", branches={"quito": "EC-01"}, customer="guest", personal=["mail", "ip"]
    )

    def message(number: int, guest: float | None, shop: str = "EC-01") -> str:
        said = {"id": number, "guest": guest, "mail": "ana@example.com", "total": 12.5}
        return json.dumps({**said, "shop": {"code": shop}})

    def send(*values: str) -> None:
        broker.produce(name, values, key="ana@example.com", headers=[("from", b"ana")])
        succeeded(any_stream.load())

    def told() -> list[bool]:
        """Whether each message says who the person is, in the topic's order."""
        rows = any_stream.rows("concat(value, message_key, headers)")
        return ["ana" in row for row in rows]

    send(
        message(1, ana), message(2, 8), message(3, ana, "chicago"), message(4, None), "no json, ana"
    )
    with driver.session(warehouse) as session:
        assert not STREAMS.knows(session, "quito", "9")
        assert erasure.forget(session, [STREAMS], "quito", str(ana)) == 1
    assert told() == [False, True, True, True, True]
    erased = json.loads(any_stream.rows()[0])
    assert erased == {"id": 1, "guest": ana, "total": 12.5, "shop": {"code": "EC-01"}}
    send(message(5, ana), message(6, 8), message(7, float(ana)))
    assert told()[5:] == [False, True, False]
    # what is declared to be personal later goes, too
    any_stream.declare(personal=["mail", "ip", "total"])
    succeeded(any_stream.load())
    assert "total" not in json.loads(any_stream.rows()[0])
    assert "total" in json.loads(any_stream.rows()[1])


def test_a_person_whom_a_key_alone_names_is_erased_from_what_is_no_event_too(
    any_stream: Stream,
) -> None:
    ana = f"{len(any_stream.broker.servers)}{isinstance(any_stream.broker, Kafka):d}"
    any_stream.declare(customer="$key")
    any_stream.broker.produce(
        any_stream.name, ["null", "[1]", '{"id": 1}'], key=ana, headers=[("from", b"ana")]
    )
    succeeded(any_stream.load())
    with driver.session(any_stream.warehouse) as session:
        erasure.forget(session, [STREAMS], "quito", ana)
    assert any_stream.rows("concat(value, headers)") == ["null", "[1]", '{"id": 1}']


@needs_kafka
def test_what_retention_took_before_it_was_read_is_a_finding_and_the_rest_is_read(
    stream: Stream,
) -> None:
    stream.broker.produce(stream.name, ["a", "b"])
    succeeded(stream.load())
    stream.broker.produce(stream.name, ["c", "d", "e", "f"])
    stream.broker.forget_before(stream.name, 5)
    result = stream.load()
    assert result.outcome == "failed"
    assert "has lost the offsets 2 to 4 of its partition 0" in str(result.error)
    assert result.row_count == 1
    assert stream.rows() == ["a", "b", "f"]
    succeeded(stream.load())
    # all that there was, and nothing is left to read
    stream.broker.produce(stream.name, ["g"])
    stream.broker.forget_before(stream.name, 7)
    assert "has lost the offsets 6 to 6" in str(stream.load().error)
    succeeded(stream.load())


@needs_kafka
def test_a_first_load_begins_where_the_topic_does(stream: Stream) -> None:
    stream.broker.produce(stream.name, ["a", "b", "c"])
    stream.broker.forget_before(stream.name, 2)
    assert succeeded(stream.load()).row_count == 1


def test_a_broker_that_is_down_is_one_sentence(stream_without_broker: Stream) -> None:
    result = stream_without_broker.load()
    assert result.outcome == "failed"
    assert "does not answer" in str(result.error)
    assert "the next run goes on from there" in str(result.error)


@pytest.fixture
def stream_without_broker(warehouse: Warehouse) -> Stream:
    broker = Broker()
    broker.servers = f"127.0.0.1:{free_port()}"
    stream = Stream(warehouse, broker, "nobody")
    stream.declare(timeout_seconds=1)
    return stream


@needs_kafka
def test_a_broker_that_goes_away_while_we_read_costs_nothing_that_has_landed(
    stream: Stream,
) -> None:
    kafka: Kafka = stream.broker
    kafka.produce(stream.name, [f"{number}:{'x' * 2000}" for number in range(60_000)])
    stream.declare(chunk_messages=500, timeout_seconds=2)
    results: list[LoadResult] = []
    reading = threading.Thread(target=lambda: results.append(stream.load()))
    reading.start()
    offsets = f"select count(*) from raw_streams._offsets where stream = '{stream.name}'"
    deadline = time.monotonic() + 30
    while query(stream.warehouse, offsets)[0][0] < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    kafka.kill()
    try:
        reading.join(60)
        assert "does not answer" in str(results[0].error)
        assert 1000 < results[0].row_count < 60_000
        assert len(stream.landed()) == results[0].row_count
    finally:
        kafka.start()
    succeeded(stream.load())
    assert stream.landed() == kafka.recount(stream.name)


@needs_kafka
def test_a_run_that_is_killed_at_any_moment_loses_and_doubles_nothing(stream: Stream) -> None:
    luck = random.Random(15)  # noqa: S311 - dice
    stream.declare(chunk_messages=1000)
    sent = 0
    for _ in range(8):
        stream.broker.produce(stream.name, [f"{sent + number}" for number in range(20_000)])
        sent += 20_000
        arguments = ["streams", stream.warehouse.database]
        preloaded.kill(A_RUN, arguments, dict(os.environ), luck.uniform(0.05, 0.8))
    succeeded(stream.load())
    assert len(stream.landed()) == sent
    assert stream.landed() == stream.broker.recount(stream.name)


@needs_kafka
def test_security_is_passed_through_and_a_wrong_password_is_one_sentence(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.broker.produce(stream.name, ["a"])
    security = {
        "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_username": "reader",
    }  # fmt: skip
    shared = {"security": security, "bootstrap_servers": stream.broker.sasl}
    stream.declare(shared)
    monkeypatch.setenv("SOURCES__STREAMS__SECURITY__SASL_PASSWORD", "wrong")
    wrong = stream.load()
    assert "refuses us" in str(wrong.error)
    assert "secrets.toml" in str(wrong.error)
    assert '"wrong"' not in str(wrong.error)
    monkeypatch.setenv("SOURCES__STREAMS__SECURITY__SASL_PASSWORD", "right")
    assert succeeded(stream.load()).row_count == 1
    monkeypatch.delenv("SOURCES__STREAMS__SECURITY__SASL_PASSWORD")
    stream.declare({**shared, "security": {**security, "sasl_password": "right"}})
    (refused,) = driver.run(stream.warehouse, [STREAMS])
    assert "[sources.streams.security] in .dlt/config.toml has sasl_password" in str(refused.error)


@needs_kafka
def test_a_topic_that_is_not_there_is_one_sentence(stream: Stream) -> None:
    stream.declare(topic="misspelt")
    assert "does not exist: correct topic in [sources.streams.topics." in str(stream.load().error)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt key": ({"evnt_type": "type"}, "has the key 'evnt_type', which is not allowed"),
    "a place that is none": ({"branch": "$value"}, "allowed is a field of the message"),
    "a setting of no security": ({"security": {"group_id": "x"}}, "match pattern '^(security|"),
    "no such setting": ({"security": {"sasl_pasword": "x"}}, 'No such configuration property'),
    "no limit": ({"max_bytes": 0}, "max_bytes is 0; input should be greater"),
}  # fmt: skip


@pytest.mark.parametrize(("keys", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_declaration_is_one_sentence_and_others_are_read(
    warehouse: Warehouse, mock: Mock, keys: dict[str, Any], sentence: str
) -> None:
    mock.produce("good", ["a"])
    topics = {"wrong": {"event_id": "id", **keys}, "good": {"event_id": "id"}}
    streams = {"bootstrap_servers": mock.servers, "topics": topics}
    text = tomlkit.dumps({"sources": {"streams": streams}})
    (settings() / "config.toml").write_text(text, encoding="utf-8")
    read_settings_again()
    results = driver.run(warehouse, [STREAMS])
    errors = [result.error for result in results if result.error]
    assert len(results) == 2
    assert len(errors) == 1
    assert sentence in errors[0]
    assert "[sources.streams.topics.wrong]" in errors[0]
    assert warehouse_module.resolve()
