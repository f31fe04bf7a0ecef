"""Sales as Open Source POS writes them, into MariaDB: one branch in a database.

Where the facts are silent: a returned sale's payments are minus amounts; a quote is a suspended
sale as a rule, and a completed one without payments sometimes; a work order is suspended until it
is paid; a sale that is cancelled keeps its payments if it had any; gift cards are sold as an item
without tax; cash-ups are on the shop's wall clock; taxes are rounded to cents per line and rate,
as the program is delivered (`tax_decimals` of 4 shows the other setting).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from tests.python.tills import world
from tests.python.tills.ospos_menu import (
    CENT,
    DISCOUNTED,
    EMPLOYEES,
    FIRST_CUSTOMER,
    ITEMS,
    KIT,
    KIT_PARTS,
    ON_ACCOUNT,
    PRICES,
    TAX_OF,
    UNTAXED,
    USUAL,
    WORDS,
    Line,
    create,
    one,
)
from tests.python.tills.tables import Batch, Row, Till

__all__ = ["create", "sell"]

TABLES = (
    *("ospos_sales", "ospos_sales_items", "ospos_sales_items_taxes", "ospos_sales_taxes"),
    *("ospos_sales_payments", "ospos_inventory", "ospos_giftcards"),
)
COUNTERS = {
    "ospos_sales": "sale_id", "ospos_sales_taxes": "sales_taxes_id", "ospos_inventory": "trans_id",
    "ospos_sales_payments": "payment_id", "ospos_giftcards": "giftcard_id",
}  # fmt: skip
UNUSUAL = (
    *("return", "return_card", "exchange", "even_exchange", "percent", "amount", "free_item"),
    *("customer_discount", "suspended", "cancelled", "cancelled_paid", "quote", "quote_completed"),
    *("work_order", "work_order_deposit", "work_order_paid", "invoice", "due", "check", "debit"),
    *("gift_card_sold", "gift_card", "gift_card_and_cash", "points", "split", "weight", "kit"),
    *("untaxed_customer", "untaxed_item", "twice", "other_language"),
)
STATUS = {
    "suspended": 1, "quote": 1, "work_order": 1, "work_order_deposit": 1, "cancelled": 2,
    "cancelled_paid": 2,
}  # fmt: skip
TYPE = {
    "invoice": 1, "work_order": 2, "work_order_deposit": 2, "work_order_paid": 2, "quote": 3,
    "quote_completed": 3, "return": 4, "return_card": 4,
}  # fmt: skip
UNPAID = ("suspended", "cancelled", "quote", "quote_completed", "work_order")


def sell(
    connection: Any,
    days: int,
    seed: int,
    *,
    first_day: date = world.FIRST_DAY,
    tickets_per_day: int = 20,
    zone: str = "America/New_York",
    language: str = "en",
    tax_decimals: int = 2,
) -> None:
    """Write the sales of some days; the same arguments write the same rows.

    Args:
        connection: of PyMySQL, to a database of `create`.
        days: how many business days.
        seed: of the random numbers.
        first_day: the first business day; after all days that were written before.
        tickets_per_day: how many, about.
        zone: the branch's time zone.
        language: of the ways of paying, of `WORDS`; one ticket in a while has another one.
        tax_decimals: places of a line's tax, 2 or 4.
    """
    rng = world.draws(seed, first_day)
    shop = Shop(Till(connection, "ospos"), rng, zone, language, tax_decimals)
    kinds = world.mixed(rng, "usual", UNUSUAL)
    for number in range(days):
        day = first_day + timedelta(days=number)
        shop.drawer.clear()
        moments = world.moments(rng, day, tickets_per_day, zone)
        for moment in moments:
            shop.sale(next(kinds), moment)
        if number % 7 != 6:  # a day without a cash-up, as it happens
            opened = min(moments[0], world.at(day, 10.5, zone))
            shop.cash_up(opened, max(moments[-1], world.at(day, 26.9, zone)))
    shop.batch.write()


@dataclass
class Shop:
    """A shop while it sells."""

    till: Till
    rng: Random
    zone: str
    language: str = "en"
    tax_decimals: int = 2
    recent: deque[list[Line]] = field(default_factory=lambda: deque(maxlen=200))
    drawer: dict[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Go on from what the database has."""
        self.batch = Batch(self.till, TABLES)
        self.next = {table: self.till.next_id(table, column) for table, column in COUNTERS.items()}

    def number(self, table: str) -> int:
        """Return the next key of a table."""
        self.next[table] += 1
        return self.next[table] - 1

    def sale(self, kind: str, moment: datetime) -> None:
        """Make a sale of a kind: its header, lines, taxes, payments and movements of stock."""
        customer = {
            "due": ON_ACCOUNT, "customer_discount": DISCOUNTED, "untaxed_customer": UNTAXED,
            "points": ON_ACCOUNT,
        }.get(kind)  # fmt: skip
        if customer is None and self.rng.random() < 0.25:
            customer = FIRST_CUSTOMER + self.rng.choice((0, 1, 2, 4, 5, 7, 8))
        if kind.startswith("return"):
            lines = [replace(line, quantity=-line.quantity) for line in self.recent.popleft()]
        else:
            lines = self.lines(kind)
        sale = self.header(kind, moment, customer)
        total = self.write_lines(sale, lines, is_taxed=customer != UNTAXED)
        if kind not in UNPAID:
            for word, amount, change in self.payments(kind, total):
                self.pay(sale, moment, word, amount, change, counts=kind not in STATUS)
        if kind not in STATUS and kind != "quote_completed":
            self.stock(sale, moment, lines)
        if kind == "usual":
            self.recent.append(lines)
        elif kind == "points":
            statement = "update ospos_customers set points = points - %s where person_id = %s"
            self.batch.update(statement, [int(total), customer])
        elif kind == "gift_card_sold":
            self.issue_gift_card(moment)
        self.batch.write_if_large()

    def header(self, kind: str, moment: datetime, customer: int | None) -> int:
        """Write a sale's row, and return its key."""
        sale = self.number("ospos_sales")
        sale_type = TYPE.get(kind, 0)
        self.batch.add(
            "ospos_sales",
            {
                "sale_time": world.wall(moment, self.zone), "customer_id": customer,
                "employee_id": self.rng.choice(EMPLOYEES), "comment": "", "sale_id": sale,
                "invoice_number": f"INV{sale}" if sale_type == 1 else None,
                "dinner_table_id": self.rng.choice((None, None, 3, 4)),
                "quote_number": f"Q{sale}" if sale_type == 3 else None,
                "sale_status": STATUS.get(kind, 0),
                "work_order_number": f"W{sale}" if sale_type == 2 else None,
                "sale_type": sale_type,
            },
        )  # fmt: skip
        return sale

    def lines(self, kind: str) -> list[Line]:
        """Return the lines of a kind of sale."""
        rng = self.rng
        lines = [
            one(item, rng.choice((1, 1, 1, 2, 3))) for item in rng.sample(USUAL, rng.randint(1, 4))
        ]
        first = lines[0]
        if kind == "weight":
            lines.append(one(ITEMS["Provolone per lb"], f"{rng.uniform(0.1, 2.5):.3f}"))
        elif kind == "kit":
            lines.append(one(KIT))
            lines += [Line(item, Decimal(1), Decimal(0)) for item in KIT_PARTS]
        elif kind == "exchange":
            lines = [one(ITEMS["Root Beer"], -1), one(ITEMS["Pepperoni"]), *lines]
        elif kind == "even_exchange":
            lines = [one(ITEMS["Pepperoni"], -1), one(ITEMS["Pepperoni"])]
        elif kind == "percent":
            lines[0] = replace(first, discount=Decimal(rng.choice(("10", "12.5", "33.33"))))
        elif kind == "free_item":
            lines.append(one(ITEMS["Garden Salad"], discount=Decimal(100)))
        elif kind == "amount":
            off = Decimal(rng.choice(("0.50", "1.00")))
            several = first.quantity + 1
            lines[0] = replace(first, quantity=several, discount=off, discount_type=1)
        elif kind == "customer_discount":
            lines = [replace(line, discount=Decimal(5)) for line in lines]
        elif kind == "untaxed_item":
            lines.append(one(ITEMS["Newspaper"]))
        elif kind == "twice":
            lines.append(replace(first, quantity=Decimal(1)))
        elif kind == "gift_card_sold":
            lines.append(one(ITEMS["Gift Card"]))
        return lines

    def write_lines(self, sale: int, lines: list[Line], *, is_taxed: bool = True) -> Decimal:
        """Write a sale's lines and taxes, and return what it costs."""
        sums: dict[tuple[str, Decimal], list[Decimal]] = {}
        for position, line in enumerate(lines, start=1):
            key = {"sale_id": sale, "item_id": line.item, "line": position}
            self.batch.add(
                "ospos_sales_items",
                {
                    **key, "description": "", "serialnumber": "", "discount": line.discount,
                    "quantity_purchased": line.quantity, "item_unit_price": line.price,
                    "item_cost_price": (PRICES[line.item] * 3 / 10).quantize(CENT),
                    "discount_type": line.discount_type, "item_location": 1, "print_option": 0,
                },
            )  # fmt: skip
            for name, percent in TAX_OF[line.item] if is_taxed else ():
                tax = line.tax(percent, self.tax_decimals)
                self.batch.add(
                    "ospos_sales_items_taxes",
                    {
                        **key, "name": name, "percent": percent, "tax_type": 1, "rounding_code": 1,
                        "cascade_sequence": 0, "item_tax_amount": tax,
                    },
                )  # fmt: skip
                group = sums.setdefault((name, percent), [Decimal(0), Decimal(0)])
                group[0] += line.net
                group[1] += tax
        for position, ((name, percent), (basis, tax)) in enumerate(sums.items()):
            self.batch.add(
                "ospos_sales_taxes",
                {
                    "sales_taxes_id": self.number("ospos_sales_taxes"), "sale_id": sale,
                    "tax_type": 1, "tax_group": f"{percent:.2f}% {name}", "sale_tax_basis": basis,
                    "sale_tax_amount": tax, "print_sequence": position, "name": name,
                    "tax_rate": percent, "rounding_code": 1,
                },
            )  # fmt: skip
        taxes = sum((tax for _, tax in sums.values()), Decimal(0))
        net = sum((line.net for line in lines), Decimal(0))
        return (net + taxes).quantize(CENT, ROUND_HALF_UP)

    def payments(self, kind: str, total: Decimal) -> list[tuple[str, Decimal, Decimal]]:
        """Return the ways, amounts and change of a kind of sale; less change they are its total."""
        nothing = Decimal(0)
        words = WORDS[self.language]
        if kind == "other_language":
            other = WORDS["es" if self.language == "en" else "en"]
            return [(other["credit"], total, nothing)]
        if kind in ("due", "check", "debit", "points"):
            return [(words[kind], total, nothing)]
        if kind.startswith("return"):
            return [(words["cash" if kind == "return" else "credit"], total, nothing)]
        if kind == "work_order_deposit":
            return [(words["cash"], Decimal(10), nothing)]
        if kind == "gift_card":
            return [self.by_gift_card(17, total, words["gift"])]
        if kind in ("gift_card_and_cash", "split"):
            part = (total / 3).quantize(Decimal("0.1"))
            first = (words["credit"], part, nothing)
            if kind != "split":
                first = self.by_gift_card(18, part, words["gift"])
            return [first, self.by_cash(words["cash"], total - part)]
        if kind != "even_exchange" and self.rng.random() < 0.5:
            return [(words["credit"], total, nothing)]
        return [self.by_cash(words["cash"], total)]

    def by_cash(self, word: str, total: Decimal) -> tuple[str, Decimal, Decimal]:
        """Return a payment with what was handed over, and the change."""
        notes = Decimal(str(world.notes_for(float(total), self.rng)))
        return word, notes, notes - total

    def by_gift_card(self, card: int, amount: Decimal, word: str) -> tuple[str, Decimal, Decimal]:
        """Return a payment by a gift card, which is worth less then."""
        statement = (
            "update ospos_giftcards set value = greatest(value - %s, 0) where giftcard_id = %s"
        )
        self.batch.update(statement, [amount, card])
        return f"{word}:{card}", amount, Decimal(0)

    def issue_gift_card(self, moment: datetime) -> None:
        """Write the card of a sold one."""
        card = self.number("ospos_giftcards")
        self.batch.add(
            "ospos_giftcards",
            {
                "record_time": world.wall(moment, self.zone), "giftcard_id": card,
                "giftcard_number": str(card), "value": PRICES[ITEMS["Gift Card"]], "deleted": 0,
                "person_id": None,
            },
        )  # fmt: skip

    def pay(
        self, sale: int, moment: datetime, word: str, amount: Decimal, change: Decimal = Decimal(0),
        *, counts: bool = True,
    ) -> None:  # fmt: skip
        """Write a payment; if it counts, the drawer's closing has it."""
        self.batch.add(
            "ospos_sales_payments",
            {
                "payment_id": self.number("ospos_sales_payments"), "sale_id": sale,
                "payment_type": word, "payment_amount": amount, "cash_refund": change,
                "cash_adjustment": 0, "employee_id": self.rng.choice(EMPLOYEES),
                "payment_time": world.utc(moment), "reference_code": "",
            },
        )  # fmt: skip
        if counts:
            self.drawer[word] = self.drawer.get(word, Decimal(0)) + amount - change

    def stock(self, sale: int, moment: datetime, lines: list[Line]) -> None:
        """Let sold items leave the stock, and returned ones come back."""
        for line in lines:
            self.batch.add(
                "ospos_inventory",
                {
                    "trans_id": self.number("ospos_inventory"), "trans_items": line.item,
                    "trans_user": 1, "trans_date": world.wall(moment, self.zone),
                    "trans_comment": f"POS {sale}", "trans_location": 1,
                    "trans_inventory": -line.quantity,
                },
            )  # fmt: skip

    def cash_up(self, opened: datetime, closed: datetime) -> None:
        """Count the drawer; one count in six is wrong, and cash is brought or taken sometimes."""
        sums = {
            way: sum(
                (self.drawer.get(words[way], Decimal(0)) for words in WORDS.values()), Decimal(0)
            )
            for way in WORDS["en"]
        }
        start, moved = Decimal(100), Decimal(self.rng.choice((0, 0, 0, 50, -80)))
        counted = start + moved + sums["cash"] + self.rng.choice((0, 0, 0, 0, 0, Decimal("-1.35")))
        card = sums["credit"] + sums["debit"]
        row: Row = {
            "cashup_id": self.till.next_id("ospos_cash_up", "cashup_id"),
            "open_date": world.wall(opened, self.zone), "close_date": world.wall(closed, self.zone),
            "open_amount_cash": start, "transfer_amount_cash": moved, "note": 0,
            "closed_amount_cash": counted, "closed_amount_card": card,
            "closed_amount_check": sums["check"], "closed_amount_due": sums["due"],
            "closed_amount_total": counted - start - moved + card + sums["check"] + sums["due"],
            "description": "", "open_employee_id": 1, "close_employee_id": 2, "deleted": 0,
        }  # fmt: skip
        self.till.insert("ospos_cash_up", [row])
