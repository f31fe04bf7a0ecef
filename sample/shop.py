"""The web shop: what its visitors do, as events of a topic that agree with the tills' app orders.

Each order has the visit that led to it, and some that led to none. As in a real shop, a few events
are sent twice or hours late, some devices have a wrong clock, and bots look at the menu, too. All
luck comes from the order's number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from ingest.warehouse import Warehouse
from sample import company, guests
from sample.guests import FOLDER
from sample.topics import Sent, Topic, stamp

TOPIC = Topic("web.shop.v1", "shop_events", by="visitor_id")
OPEN_DAYS = 60
"""How long before the year's end the shop was opened; fewer, where the company is larger."""

CAMPAIGNS = ("newsletter", "autumn_pizza", "instagram_story")
BROWSERS = ("Mozilla/5.0 (Macintosh) Safari/605", "Mozilla/5.0 (Windows NT 10.0) Chrome/46")
BOTS = ("Mozilla/5.0 (compatible; Googlebot/2.1)", "python-requests/2.8")
SEARCHES = ("pepperoni", "veggie", "sin gluten", "kids menu", "🍕")


@dataclass
class Visit:
    """A visit of the shop: one device, one clock.

    Attributes:
        luck: of all that happens in it.
        at: the true time.
        said: what each of its events says.
        skew: how far the device's clock is ahead.
        sent: what the broker gets.
    """

    luck: Random
    at: datetime
    said: dict[str, Any]
    skew: timedelta = timedelta()
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Set the device's clock, and choose what brought the visitor."""
        if self.luck.random() < 0.04:
            self.skew = timedelta(minutes=self.luck.choice([-1100, -65, -7, 9, 58, 1200]))
        if self.luck.random() < 0.25:
            self.said["campaign"] = self.luck.choice(CAMPAIGNS)

    def does(self, event: str, after: float, **said: Any) -> None:
        """Let the visitor do something after some seconds, at its device."""
        self.at += timedelta(seconds=after)
        shown = self.at + self.skew
        # what a phone without a network keeps, it sends when it has one again
        late = self.said["platform"] == "app" and self.luck.random() < 0.015
        waits = timedelta(hours=self.luck.uniform(0.2, 30) if late else 0)
        self._send(event, shown, shown + waits, self.at + waits, said)

    def is_served(self, event: str, moment: datetime, **said: Any) -> None:
        """Let the shop's own server say something: its clock is right, and it is never late."""
        self._send(event, moment, moment, moment, said)

    def _send(
        self, event: str, occurred: datetime, sent: datetime, true: datetime, said: dict[str, Any]
    ) -> None:
        number = f"{self.said['visitor_id']} {event} {true:%s%f} {len(self.sent)}"
        message = {
            "event_id": sha256(number.encode()).hexdigest()[:24], "event": event,
            "occurred_at": stamp(occurred), "sent_at": stamp(sent), **self.said, **said,
        }  # fmt: skip
        received = true + timedelta(seconds=self.luck.uniform(0.1, 1.5))
        self.sent.append((received, message))
        if self.luck.random() < 0.02:  # the answer was lost, so it is sent again
            self.sent.append((received + timedelta(seconds=3), message))


@dataclass(frozen=True)
class Order:
    """An order as its till has it, with product and quantity of each line."""

    order_id: int
    order_number: str
    customer_id: int | None
    email: str | None
    ordered_at: datetime
    total_amount: str
    currency: str
    lines: list[tuple[int, int]]


def catch_up(warehouse: Warehouse, prefix: str = "till_") -> int:
    """Let visitors come until the tills' last trading day; return how many events that makes.

    One transaction: cut short, it leaves everything as it was.

    Args:
        warehouse: the server that the sample's tills are on.
        prefix: of the tills' databases' names, before the branch id.
    """
    last_day = company.last_day(warehouse, prefix)
    until = datetime.combine(last_day + timedelta(days=1), time(guests.CLOCK_HOUR), UTC)
    with closing(guests.open_state(guests.file())) as state, guests.writing(state):
        for branch_id in company.branches_of(warehouse, prefix):
            events: list[Sent] = []
            for order in _new_orders(warehouse, state, prefix, branch_id):
                events += _visits(branch_id, order)
            TOPIC.add(state, events)
        return TOPIC.arrive(state, until)


def _new_orders(
    warehouse: Warehouse, state: sqlite3.Connection, prefix: str, branch_id: str
) -> list[Order]:
    """Return a till's app orders that have no visit yet."""
    name = f"shop_order {branch_id}"
    row = state.execute("select value from settings where name = ?", [name]).fetchone()
    with warehouse.connect(prefix + branch_id, name="mypizza sample") as till:
        scale = till.execute("select scale from company.settings").fetchall()[0][0]
        opened = datetime(2016, 1, 1, tzinfo=UTC) - timedelta(days=max(7, OPEN_DAYS // scale))
        found = till.execute(
            (FOLDER / "app_orders.sql").read_bytes(),
            {"after": int(row[0]) if row else 0, "since": opened},
        ).fetchall()
    orders = [Order(*values) for values in found]
    if orders:
        newest = str(orders[-1].order_id)
        state.execute("insert or replace into settings values (?, ?)", [name, newest])
    return orders


def _visits(branch_id: str, order: Order) -> Iterator[Sent]:
    """Yield what led to an order, and visits of the same hours that led to none."""
    luck = Random(f"{company.SEED} {branch_id} {order.order_number}")  # noqa: S311 - dice
    own = str(order.customer_id or order.order_number)
    yield from _buys(Visit(luck, order.ordered_at, _device(luck, branch_id, own)), order)
    for number in range(luck.choice([0, 1, 2, 2, 3, 4])):
        who = own if number == 0 else f"{order.order_number} {number}"
        begins = order.ordered_at + timedelta(hours=luck.uniform(-8, 2))
        yield from _looks(Visit(luck, begins, _device(luck, branch_id, who)), order)
    if luck.random() < 0.12:
        said = {**_device(luck, branch_id, f"bot {order.order_number}"), "platform": "web"}
        said["user_agent"] = luck.choice(BOTS)
        bot = Visit(luck, order.ordered_at - timedelta(hours=3), said)
        for product_id in range(1, luck.randrange(5, 10)):
            bot.does("product_view", luck.uniform(0.1, 2), product_id=product_id)
        yield from bot.sent


def _device(luck: Random, branch_id: str, who: str) -> dict[str, Any]:
    """Return what a guest's device says of itself; some guests have two."""
    number = 1 + int(luck.random() < 0.15)
    visitor = sha256(f"{branch_id} {who} {number}".encode())
    is_app = int(visitor.hexdigest()[0], 16) < 9
    return {
        "branch": branch_id,
        "visitor_id": visitor.hexdigest()[:16],
        "platform": "app" if is_app else "web",
        "user_agent": "myPizza/3.2 (iPhone)" if is_app else BROWSERS[visitor.digest()[1] % 2],
        "ip": f"203.0.113.{visitor.digest()[2]}",
    }


def _browses(visit: Visit, lines: list[tuple[int, int]]) -> None:
    """Let a visitor come, and put something into the cart."""
    luck = visit.luck
    visit.does("session_start", 0, page="/")
    visit.does("page_view", luck.uniform(1, 9), page="/menu")
    if luck.random() < 0.3:
        visit.does("search", luck.uniform(2, 20), query=luck.choice(SEARCHES))
    for product_id, quantity in lines[:4]:
        visit.does("product_view", luck.uniform(3, 40), product_id=product_id)
        visit.does("add_to_cart", luck.uniform(1, 20), product_id=product_id, quantity=quantity)


def _buys(visit: Visit, order: Order) -> list[Sent]:
    """Tell the visit that led to an order, which is placed when the till says."""
    luck = visit.luck
    pauses = luck.random() < 0.05
    visit.at -= timedelta(seconds=luck.uniform(400, 700) + (3600 if pauses else 0))
    _browses(visit, order.lines)
    if luck.random() < 0.15:
        visit.does("add_to_cart", 5, product_id=order.lines[0][0], quantity=1)
        visit.does("remove_from_cart", 8, product_id=order.lines[0][0], quantity=1)
    visit.at = max(visit.at, order.ordered_at - timedelta(seconds=100))
    if luck.random() < 0.03:  # the reminder in the mailbox is another campaign
        visit.said["campaign"] = "cart_reminder"
    visit.does("checkout_step", luck.uniform(1, 9), step="cart")
    if order.customer_id is not None:
        visit.said["customer_id"] = order.customer_id
    visit.does("checkout_step", luck.uniform(1, 20), step="address", email=order.email)
    visit.does("checkout_step", luck.uniform(1, 20), step="payment")
    if luck.random() < 0.08:
        visit.does("payment_failed", luck.uniform(1, 9))
    visit.is_served(
        "order_placed", order.ordered_at,
        order_number=order.order_number, total=order.total_amount, currency=order.currency,
    )  # fmt: skip
    return visit.sent


def _looks(visit: Visit, order: Order) -> list[Sent]:
    """Tell a visit that leads to no order: it ends at the menu, at the cart, or at the till."""
    luck = visit.luck
    ends = luck.random()
    _browses(visit, order.lines[:1] if ends < 0.6 else [])
    if ends < 0.25:
        visit.does("checkout_step", luck.uniform(2, 30), step="cart")
    if ends < 0.08:
        visit.does("payment_failed", luck.uniform(20, 60))
    elif ends < 0.6 and luck.random() < 0.1:  # who is reminded need not buy
        visit.said["campaign"] = "cart_reminder"
        visit.does("page_view", luck.uniform(3600, 30000), page="/cart")
    return visit.sent
