"""The web shop: what its events say equals the tills, and a recount in Python.

The tests of this file share one warehouse and follow one another: the small company as it was
published, and then two days more with an event that is late, and one that was sent again.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.warehouse import Warehouse
from sample import guests, shop
from sample.topics import stamp
from tests.python.commands import mypizza, query, sample

ZONES = {"chicago": (ZoneInfo("America/Chicago"), 4), "quito": (ZoneInfo("America/Guayaquil"), 3)}
SILENCE = timedelta(minutes=30)
PLACED = """
    select branch_id, business_date, count(*), sum(total_amount)
    from marts.fct_web_events
    where event_type = 'order_placed'
    group by branch_id, business_date
"""
SESSIONS = """
    select
        session_key, branch_id, is_bot, event_count, has_product_view, has_cart, has_checkout,
        is_converted, to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
    from marts.fct_web_sessions
    where session_key <> 'none'
"""
Days = dict[tuple[str, date], tuple[int, Decimal]]


@dataclass
class Event:
    """An event as the topic has it, and when it really happened."""

    said: dict[str, Any]
    received_at: datetime
    happened_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Correct a clock that is wrong by more than a minute."""
        occurred, sent = (
            datetime.fromisoformat(self.said[key]) for key in ("occurred_at", "sent_at")
        )
        skew = self.received_at - sent
        is_wrong = abs(skew) > timedelta(minutes=1)
        self.happened_at = min(self.received_at, occurred + skew if is_wrong else occurred)


def topic() -> Iterator[Event]:
    """Each event of the topic once, in the order in which it landed."""
    seen = set()
    with closing(guests.open_state(guests.file())) as state:
        for message in shop.TOPIC.messages(state, 0, 1_000_000):
            said = json.loads(message.value)
            if said["event_id"] not in seen:
                seen.add(said["event_id"])
                yield Event(said, datetime.fromtimestamp(message.moment / 1000, UTC))


def recount() -> list[tuple[Any, ...]]:
    """The sessions by the rules of the how-to, without a line of SQL."""
    visitors: dict[str, list[Event]] = defaultdict(list)
    for event in topic():
        visitors[event.said["visitor_id"]].append(event)
    found = []
    for events in visitors.values():
        events.sort(key=lambda event: (event.happened_at, event.said["event_id"]))
        session: list[Event] = []
        named = ""
        for event in events:
            campaign = event.said.get("campaign") or named
            if session:
                is_silent = event.happened_at - session[-1].happened_at > SILENCE
                if is_silent or campaign != named:
                    found.append(described(session))
                    session = []
            session.append(event)
            named = campaign
        found.append(described(session))
    return sorted(found)


def described(session: list[Event]) -> tuple[Any, ...]:
    types = {event.said["event"] for event in session}
    agent = session[0].said["user_agent"].lower()
    return (
        session[0].said["branch"],
        "bot" in agent or "python-requests" in agent,
        len(session),
        *(
            kind in types
            for kind in ("product_view", "add_to_cart", "checkout_step", "order_placed")
        ),
        f"{session[0].happened_at.astimezone(UTC):%Y-%m-%d %H:%M}",
    )


def sessions(warehouse: Warehouse, schema: str = "marts") -> list[tuple[Any, ...]]:
    return sorted(row[1:] for row in query(warehouse, SESSIONS.replace("marts.", f"{schema}.")))


def audited_build(*arguments: str) -> None:
    """Build the sessions and what they are made from, with the tests of all that, in marts_next."""
    selected = ("--select", "+fct_web_sessions", "--exclude-resource-type", "unit_test")
    mypizza("dbt", "build", *selected, *arguments)


def till_days(warehouse: Warehouse) -> Days:
    """The app orders of the tills, cancelled ones, too, by business date."""
    found: Days = {}
    for branch_id, (zone, cutover) in ZONES.items():
        rows = query(
            warehouse,
            "select ordered_at, total_amount from orders where channel = 'app'",
            f"till_{branch_id}",
        )
        for ordered_at, total in rows:
            day = (ordered_at.astimezone(zone) - timedelta(hours=cutover)).date()
            orders, amount = found.get((branch_id, day), (0, Decimal(0)))
            found[branch_id, day] = (orders + 1, amount + total)
    return found


def shop_days(warehouse: Warehouse) -> Days:
    return {(row[0], row[1]): (row[2], row[3]) for row in query(warehouse, PLACED)}


@pytest.fixture(scope="module")
def published(small_warehouse: Warehouse) -> Warehouse:
    return small_warehouse


def test_orders_of_the_shop_are_the_app_orders_of_the_tills_to_the_cent(
    published: Warehouse,
) -> None:
    assert shop_days(published) == till_days(published)
    ((orders, revenue),) = query(
        published,
        "select sum(web_orders), sum(order_revenue) from marts.rpt_web_funnel_days",
    )
    wanted = "select count(*), sum(order_revenue) from marts.fct_orders"
    assert query(published, f"{wanted} where channel = 'app' and is_sale") == [(orders, revenue)]
    # each session is in one row, also of who left before a branch was chosen
    assert query(published, "select sum(sessions) from marts.rpt_web_funnel_days") == query(
        published, "select count(*) from marts.fct_web_sessions where not is_bot"
    )


def test_sessions_are_those_of_a_recount(published: Warehouse) -> None:
    assert sessions(published) == recount()
    kinds = query(
        published,
        "select bool_or(has_wrong_clock), bool_or(is_bot), bool_or(product_key is not null),"
        " bool_or(received_at > happened_at + interval '12 minutes') from marts.fct_web_events",
    )
    assert kinds == [(True, True, True, True)]


def test_a_visitor_who_signs_in_is_the_guest_of_earlier_sessions(published: Warehouse) -> None:
    ((stitched, others),) = query(
        published,
        "select count(*) filter (where order_count = 0), count(distinct s.customer_key)"
        " from marts.fct_web_sessions as s"
        " inner join (select visitor_key, count(distinct customer_key) as guests"
        "     from marts.fct_web_sessions group by 1) as v using (visitor_key)"
        " where s.customer_key is not null and v.guests = 1",
    )
    assert stitched > 0
    assert others > 0


def send(said: dict[str, Any], received_at: datetime) -> None:
    """Let the broker have one event more."""
    with closing(guests.open_state(guests.file())) as state, guests.writing(state):
        state.execute(
            "insert into shop_events (place, received_at, message)"
            " select max(place) + 1, ?, ? from shop_events",
            [stamp(received_at), json.dumps(said)],
        )
    time.sleep(1)  # the broker looks ten times a second


def test_a_late_event_reopens_its_session_and_a_repeated_one_changes_nothing(
    published: Warehouse,
) -> None:
    before = dict(query(published, "select session_key, event_count from marts.fct_web_sessions"))
    buyers = [event for event in topic() if event.said["event"] == "order_placed"]
    first, last = buyers[0].said, buyers[-1]
    now = last.received_at + timedelta(days=1)
    late = last.happened_at + timedelta(minutes=29)
    said = {key: last.said[key] for key in ("branch", "visitor_id", "platform", "user_agent")}
    said |= {"event": "page_view", "event_id": "late", "occurred_at": stamp(late)}
    send({**said, "sent_at": stamp(now)}, now)
    send(first, now)
    sample("advance", "--days", "2")
    mypizza("ingest")
    audited_build()

    assert sessions(published, "marts_next") == recount()
    ((session, count),) = query(
        published,
        "select session_key, event_count from marts_next.fct_web_sessions where session_key ="
        " (select session_id from marts_next.fct_web_events where event_key = 'shop:late')",
    )
    assert count == before[session] + 1
    copies = query(
        published, "select event_id from staging.stg_streams__events group by 1 having count(*) > 1"
    )
    assert copies == []
    built = "select * from marts_next.fct_web_events order by event_key"
    incrementally = query(published, built)
    audited_build("--full-refresh")
    assert query(published, built) == incrementally


def test_an_erased_guest_leaves_no_address_in_the_topics_messages(published: Warehouse) -> None:
    named = "select count(*) from raw_streams.shop where value like '%@%'"
    ((branch_id, customer_id),) = query(
        published,
        "select value::jsonb ->> 'branch', value::jsonb ->> 'customer_id' from raw_streams.shop"
        " where value like '%@%' limit 1",
    )
    ((before,),) = query(published, named)
    query(
        published,
        "insert into audit.recent_events (load_id, stream, visitor, received_at)"
        " values ('9', 'shop', 'the hash of a visitor', now())",
    )
    mypizza("forget-customer", branch_id, customer_id)
    assert query(published, named)[0][0] < before
    assert query(published, "select count(*) from audit.recent_events") == [(0,)]
    assert query(
        published,
        f"{named} and value::jsonb ->> 'customer_id' = '{customer_id}'"
        f" and value::jsonb ->> 'branch' = '{branch_id}'",
    ) == [(0,)]
