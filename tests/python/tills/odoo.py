"""Sales as Odoo 17's point of sale writes them, into Postgres: four shops in one database.

Where the facts are silent: the change of a payment is positive in `amount_return`; a debt is paid
by an order without lines, with cash and the customer's account against each other; a gift card is
sold as a product without tax and redeemed as a way of paying; a draft stays a draft when its
session closes; cash that is brought or taken is in `cash_real_transaction` alone. `price_unit`
holds `price_extra`. When the generator stops, the first shop is still open.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.python.tills import world
from tests.python.tills.odoo_menu import (
    BY_NAME,
    DISCOUNT,
    FIRST_CUSTOMER,
    GIFT_CARD,
    INCLUDED,
    SHOPS,
    TIP,
    Line,
    Shop,
    create,
    method,
    priced,
    rounded,
)
from tests.python.tills.tables import BATCH, Batch, Row, Till

__all__ = ["SHOPS", "create", "sell"]

TABLES = (
    *("pos_session", "pos_order", "pos_order_line", "account_tax_pos_order_line_rel"),
    "pos_payment",
)
USUAL = [
    line.name
    for line in BY_NAME.values()
    if line.goods != "none" and line.price and "kg" not in line.name
]
UNUSUAL = (
    *("refund", "refund_part", "refund_mixed", "minus_line", "percent", "free_item", "discount"),
    *("lower_price", "tip", "account", "debt_paid", "gift_card_sold", "gift_card", "voucher"),
    *("weight", "extra", "combo", "split", "draft", "cancel", "invoice", "exempt", "no_config"),
)
UNPAID = ("draft", "cancel")
STATES = {"draft": "draft", "cancel": "cancel", "invoice": "invoiced"}


def sell(
    connection: Any,
    days: int,
    seed: int,
    *,
    first_day: date = world.FIRST_DAY,
    tickets_per_day: int = 20,
) -> None:
    """Write the sales of some days in all shops; the same arguments write the same rows.

    Args:
        connection: of psycopg, to a database of `create`.
        days: how many business days.
        seed: of the random numbers.
        first_day: the first business day; after all days that were written before.
        tickets_per_day: how many in a shop, about.
    """
    rng = world.draws(seed, first_day)
    till = Till(connection, "odoo")
    close_all(till, world.utc(world.at(first_day, 5, "UTC")))
    ledger = Ledger(till, rng)
    counters = [Counter(ledger, shop) for shop in SHOPS]
    for number in range(days):
        day = first_day + timedelta(days=number)
        for counter in counters:
            zone = counter.shop.zone
            moments = world.moments(rng, day, tickets_per_day, zone)
            for moment in moments:
                counter.trade(next(counter.kinds), world.utc(moment))
            is_last = number == days - 1 and counter is counters[0]
            if rng.random() < 0.85 and not is_last:  # some sessions stay open for two days
                counter.close(world.utc(max(moments[-1], world.at(day, 26.9, zone))))
        if not any(counter.session for counter in counters) and ledger.is_large():
            ledger.batch.write()
    ledger.batch.write()


def close_all(till: Till, now: datetime) -> None:
    """Close the sessions that are open in the database; the count is right."""
    opened = "select id from pos_session where state = 'opened'"
    cash = (
        "select coalesce(sum(p.amount), 0) from pos_payment as p inner join pos_payment_method as m"
        " on p.payment_method_id = m.id where m.is_cash_count and p.session_id = pos_session.id"
    )
    till.execute(
        "update pos_order set state = 'done', write_date = %s"
        f" where state = 'paid' and session_id in ({opened})",
        [now],
    )
    till.execute(
        f"update pos_session set state = 'closed', stop_at = %s, write_date = %s,"
        f" cash_real_transaction = ({cash}),"
        f" cash_register_balance_end_real = cash_register_balance_start + ({cash})"
        " where state = 'opened'",
        [now, now],
    )


class Ledger:
    """The database while its shops sell: the next keys, and rows that wait."""

    def __init__(self, till: Till, rng: Random) -> None:
        """Go on from what the database has."""
        self.till = till
        self.rng = rng
        self.batch = Batch(till, TABLES)
        tables = ("pos_session", "pos_order", "pos_order_line", "pos_payment")
        self.next = {table: till.next_id(table) for table in tables}

    def number(self, table: str) -> int:
        """Return the next key of a table."""
        self.next[table] += 1
        return self.next[table] - 1

    def is_large(self) -> bool:
        """Say whether much waits."""
        return len(self.batch.rows["pos_order"]) >= BATCH

    def add(self, table: str, at: datetime, row: Row) -> Row:
        """Let a row wait, with its key and stamps."""
        return self.batch.add(
            table,
            {
                "id": self.number(table), **row, "create_uid": 2, "write_uid": 2,
                "create_date": at, "write_date": at,
            },
        )  # fmt: skip


@dataclass
class Counter:
    """A shop while it sells."""

    ledger: Ledger
    shop: Shop
    session: Row | None = None
    cash: float = 0.0
    orders: list[Row] = field(default_factory=list)
    recent: deque[list[Line]] = field(default_factory=lambda: deque(maxlen=100))

    def __post_init__(self) -> None:
        """Begin with unusual orders of a kind of its own."""
        self.rng = self.ledger.rng
        self.kinds = world.mixed(self.rng, "usual", UNUSUAL)

    def open(self, moment: datetime) -> Row:
        """Return the open session."""
        if self.session is None:
            at = moment - timedelta(minutes=25)
            self.session = self.ledger.add(
                "pos_session", at,
                {
                    "config_id": self.shop.config, "user_id": 2, "login_number": 1,
                    "cash_journal_id": 3 * self.shop.company - 2, "state": "opened",
                    "name": f"POS/{self.ledger.next['pos_session']:05}", "rescue": False,
                    "cash_register_balance_start": 150.0, "cash_register_balance_end_real": None,
                    "cash_real_transaction": None, "start_at": at, "stop_at": None,
                },
            )  # fmt: skip
            self.cash = 0.0
        return self.session

    def close(self, moment: datetime) -> None:
        """Close the session; one count in six is wrong, and cash was brought or taken sometimes."""
        if self.session is None:
            return
        for order in self.orders:
            if order["state"] == "paid":
                order |= {"state": "done", "write_date": max(moment, order["create_date"])}
        self.orders.clear()
        cash = self.cash + self.rng.choice((0.0, 0.0, 0.0, -100.0))
        counted = 150.0 + cash + self.rng.choice((0.0, 0.0, 0.0, 0.0, 0.0, -1.35))
        self.session |= {
            "state": "closed", "stop_at": moment, "write_date": moment,
            "cash_real_transaction": cash, "cash_register_balance_end_real": counted,
        }  # fmt: skip
        self.session = None

    def trade(self, kind: str, moment: datetime) -> None:
        """Make an order of a kind."""
        lines = self.lines(kind)
        partner = None
        if kind in ("account", "debt_paid", "invoice", "exempt") or self.rng.random() < 0.2:
            partner = FIRST_CUSTOMER + self.rng.randrange(len(world.PEOPLE))
        written = self.order(moment, lines, kind=kind, partner=partner)
        if kind == "usual":
            self.recent.append(written)

    def order(
        self,
        moment: datetime,
        lines: list[Line],
        *,
        kind: str = "usual",
        partner: int | None = None,
    ) -> list[Line]:
        """Write an order with its lines and payments; return the lines as they can be refunded."""
        rng, shop, session = self.rng, self.shop, self.open(moment)
        # One shop in a while is offline; its orders come later.
        sent = moment + timedelta(minutes=90 if rng.random() < 0.05 else 0, seconds=2.345678)
        key = self.ledger.next["pos_order"]
        order = self.ledger.add(
            "pos_order", sent,
            {
                "user_id": 2, "company_id": shop.company, "pricelist_id": shop.company,
                "partner_id": partner, "sequence_number": key % 10_000,
                "session_id": session["id"],
                "config_id": None if kind == "no_config" else shop.config,
                "account_move": key if kind == "invoice" else None, "nb_print": 1,
                "fiscal_position_id": 1 if kind == "exempt" else None,
                "name": f"{shop.name}/{key:05}{' REFUND' if 'refund' in kind else ''}",
                "state": STATES.get(kind, "paid"),
                "pos_reference": f"Order {session['id']:05}-001-{key % 10_000:04}",
                "amount_tax": 0.0, "amount_total": 0.0, "amount_paid": 0.0, "amount_return": 0.0,
                "currency_rate": 1.0, "tip_amount": 2.5 if kind == "tip" else 0.0,
                "is_tipped": kind == "tip", "to_invoice": kind == "invoice",
                "date_order": moment.replace(microsecond=0), "customer_count": rng.randint(1, 5),
            },
        )  # fmt: skip
        self.orders.append(order)
        written = self.write_lines(order, lines, sent)
        if kind not in UNPAID:
            self.pay(order, kind, moment, sent)
        return written

    def write_lines(self, order: Row, lines: list[Line], sent: datetime) -> list[Line]:
        """Write an order's lines, and their sums into the order."""
        net, tax, written, parent = 0.0, 0.0, [], None
        for line in lines:
            base, value = line.amounts(self.shop.company)
            net, tax = net + base, tax + (value - base)
            row = self.ledger.add(
                "pos_order_line", sent,
                {
                    "company_id": self.shop.company, "product_id": line.product,
                    "order_id": order["id"], "refunded_orderline_id": line.refunded,
                    "combo_parent_id": parent if line.is_child else None,
                    "name": f"{self.shop.name}/{self.ledger.next['pos_order_line']:06}",
                    "full_product_name": line.name, "uuid": world.new_id(self.rng),
                    "price_unit": line.price, "qty": line.qty, "price_subtotal": base,
                    "price_subtotal_incl": value, "discount": line.discount,
                    "total_cost": rounded(line.qty * line.price * 0.3),
                    "is_total_cost_computed": True,
                    "price_extra": line.price_extra,
                },
            )  # fmt: skip
            for key in line.taxes(self.shop.company):
                self.ledger.batch.add(
                    "account_tax_pos_order_line_rel",
                    {"pos_order_line_id": row["id"], "account_tax_id": key},
                )
            if not line.is_child:
                parent = row["id"]
            written.append(replace(line, qty=-line.qty, refunded=row["id"]))
        order |= {"amount_tax": tax, "amount_total": rounded(net) + tax}
        return written

    def pay(self, order: Row, kind: str, moment: datetime, sent: datetime) -> None:
        """Write an order's payments, and their sums into the order."""
        paid = 0.0
        for way, amount, is_change in self.payments(kind, order["amount_total"]):
            self.ledger.add(
                "pos_payment", sent,
                {
                    "pos_order_id": order["id"], "company_id": self.shop.company,
                    "payment_method_id": method(way, self.shop.company),
                    "session_id": order["session_id"], "name": "return" if is_change else None,
                    "card_type": "VISA" if way == "card" else None, "amount": amount,
                    "is_change": is_change, "payment_date": moment.replace(microsecond=0),
                },
            )  # fmt: skip
            paid += amount
            self.cash += amount if way == "cash" else 0.0
            if is_change:
                order["amount_return"] = -amount
        order["amount_paid"] = paid

    def payments(self, kind: str, total: float) -> list[tuple[str, float, bool]]:
        """Return the ways and amounts of a kind of order; they add up to its total."""
        if kind in ("account", "gift_card", "voucher"):
            return [(kind, total, False)]
        if kind == "debt_paid":
            amount = round(self.rng.uniform(5, 30), 2)
            return [("cash", amount, False), ("account", -amount, False)]
        if kind == "split":
            part = rounded(total / 3)
            return [("voucher", part, False), ("card", rounded(total - part), False)]
        if total <= 0 or self.rng.random() < 0.5:
            return [("cash" if total <= 0 else "card", total, False)]
        notes = world.notes_for(total, self.rng)
        payments = [("cash", notes, False)]
        if change := rounded(notes - total):
            payments.append(("cash", -change, True))
        return payments

    def lines(self, kind: str) -> list[Line]:
        """Return the lines of a kind of order."""
        rng, company = self.rng, self.shop.company
        names = rng.sample(USUAL, rng.randint(1, 4))
        lines = [priced(name, company, qty=float(rng.choice((1, 1, 1, 2, 3)))) for name in names]
        first = lines[0]
        if kind.startswith("refund"):
            lines = self.refunded(kind, lines)
        elif kind == "debt_paid":
            lines = []
        elif kind == "minus_line":
            lines = [priced("Beer", company, qty=-1.0), priced("Chianti", company), *lines]
        elif kind == "percent":
            lines[0] = replace(first, discount=rng.choice((10.0, 12.5, 33.33)))
        elif kind == "free_item":
            lines.append(priced("Beer", company, discount=100.0))
        elif kind == "discount":
            lines += self.discounts(lines)
        elif kind == "lower_price":
            lines[0] = replace(first, price=rounded(first.price * 0.8))
        elif kind == "tip":
            lines.append(replace(BY_NAME[TIP], price=2.5))
        elif kind == "gift_card_sold":
            lines.append(BY_NAME[GIFT_CARD])
        elif kind == "weight":
            lines.append(priced("Antipasti per kg", company, qty=round(rng.uniform(0.1, 1.5), 3)))
        elif kind == "extra":
            dish = priced("Margherita", company)
            name = f"{dish.name} (Extra cheese)"
            lines.append(replace(dish, price=dish.price + 1.5, price_extra=1.5, name=name))
        elif kind == "combo":
            lines.append(BY_NAME["Menu for Two"])
            for name, price in (("Margherita", 11.9), ("Focaccia (M)", 7.1), ("Chianti", 13.95)):
                lines.append(replace(BY_NAME[name], price=price, is_child=True))
        elif kind == "exempt":
            lines = [replace(line, is_exempt=True) for line in lines]
        return lines

    def refunded(self, kind: str, lines: list[Line]) -> list[Line]:
        """Return minus lines of one order, or of two beside something that is sold."""
        given = self.recent.popleft()
        if kind == "refund_part":
            return [replace(given[0], qty=-1.0)]
        if kind == "refund_mixed" and self.recent:
            return [*given[:1], *self.recent.popleft()[:1], *lines]
        return given

    def discounts(self, lines: list[Line]) -> list[Line]:
        """Return a tenth off, as a product with a minus price for each group of taxes."""
        found = []
        for goods in dict.fromkeys(line.goods for line in lines):
            same = [line for line in lines if line.goods == goods]
            is_included = any(tax in INCLUDED for tax in same[0].taxes(self.shop.company))
            value = sum(line.amounts(self.shop.company)[is_included] for line in same)
            found.append(replace(BY_NAME[DISCOUNT], goods=goods, price=-rounded(value / 10)))
        return found
