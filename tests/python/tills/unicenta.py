"""Sales as uniCenta oPOS writes them, into Postgres or MariaDB: one branch in a database.

Where the facts are silent: sales, refunds and payments of debts are numbered apart, so a refund may
have the number of a sale; payments other than cash have 0 in `tendered`; each line carries its
name in `attributes`, as Java properties; sold goods leave `stockdiary` with reason -1 and
come back with 2; a ticket that is edited stays in its closing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from tests.python.tills import world
from tests.python.tills.tables import Batch, Row, Till
from tests.python.tills.unicenta_menu import (
    DEBTOR,
    DISCOUNTED,
    DISHES,
    EXEMPT,
    TAXES,
    USUAL,
    Line,
    create,
    customer_id,
)

__all__ = ["create", "sell"]

TABLES = ("receipts", "tickets", "ticketlines", "taxlines", "payments", "stockdiary", "lineremoved")
HOSTS = ("till-1", "till-2")
UNUSUAL = (
    *("refund", "refund_part", "refund_card", "exchange", "even_exchange", "struck", "void"),
    *("edit", "lower_price", "discount_line", "customer_discount", "voucher", "voucher_and_cash"),
    *("debt", "debt_paid", "free", "bank", "cash_in", "cash_out", "weight", "half", "modifier"),
    *("exempt", "split", "open_line"),
)


@cache
def _attributes(name: str, tax: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?><properties>'
        f'<entry key="product.taxcategoryid">{tax}</entry>'
        f'<entry key="product.name">{name}</entry></properties>'
    ).encode()


def sell(
    connection: Any,
    days: int,
    seed: int,
    *,
    first_day: date = world.FIRST_DAY,
    tickets_per_day: int = 20,
    zone: str = "Europe/Amsterdam",
) -> None:
    """Write the sales of some days; the same arguments write the same rows.

    Args:
        connection: of psycopg or PyMySQL, to a database of `create`.
        days: how many business days.
        seed: of the random numbers.
        first_day: the first business day; after all days that were written before.
        tickets_per_day: how many, about.
        zone: the branch's time zone.
    """
    rng = world.draws(seed, first_day)
    shop = Shop(Till(connection, "unicenta"), rng)
    kinds = world.mixed(rng, "usual", UNUSUAL)
    for number in range(days):
        day = first_day + timedelta(days=number)
        midnight = world.at(day, 24, zone)
        closed_at_midnight = False
        for moment in world.moments(rng, day, tickets_per_day, zone):
            if moment > midnight and not closed_at_midnight:
                closed_at_midnight = True
                shop.close(world.wall(midnight, zone), 0.15)
            shop.trade(next(kinds), world.wall(moment, zone))
        # Some closings are forgotten and hold two days.
        shop.close(world.wall(max(moment, world.at(day, 26.9, zone)), zone), 0.85)
    shop.batch.write()
    shop.till.execute("delete from stockcurrent")
    shop.till.execute(
        "insert into stockcurrent (location, product, units)"
        " select location, product, sum(units) from stockdiary group by location, product"
    )
    connection.commit()


@dataclass
class Sale:
    """A sale that may be refunded: its key, its number, and what was not given back yet."""

    key: str
    number: int
    lines: list[Line]


@dataclass
class Shop:
    """A branch while it sells."""

    till: Till
    rng: Random
    numbers: dict[int, int] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    recent: deque[Sale] = field(default_factory=lambda: deque(maxlen=200))

    def __post_init__(self) -> None:
        """Go on from what the database has."""
        self.batch = Batch(self.till, TABLES)
        for kind in (0, 1, 2):
            self.numbers[kind] = self.till.value(
                "select coalesce(max(ticketid), 0) from tickets where tickettype = %s", [kind]
            )
        for row in self.till.query("select money, host from closedcash where dateend is null"):
            self.open[row["host"]] = row["money"]

    def number(self, kind: int) -> int:
        """Return the next number of a kind of tickets."""
        self.numbers[kind] += 1
        return self.numbers[kind]

    def money(self, moment: datetime) -> str:
        """Return the open closing of one of the tills."""
        host = self.rng.choice(HOSTS)
        if host not in self.open:
            self.open[host] = world.new_id(self.rng)
            last = "select coalesce(max(hostsequence), 0) from closedcash where host = %s"
            closing = {
                "money": self.open[host], "host": host, "nosales": 0, "datestart": moment,
                "hostsequence": self.till.value(last, [host]) + 1, "dateend": None,
            }  # fmt: skip
            self.till.insert("closedcash", [closing])
        return self.open[host]

    def close(self, moment: datetime, probability: float) -> None:
        """Close each till, or forget it."""
        for host in list(self.open):
            if self.rng.random() < probability:
                statement = "update closedcash set dateend = %s where money = %s"
                self.batch.update(statement, [moment, self.open.pop(host)])

    def receipt(self, moment: datetime, money: str | None = None) -> str:
        """Write a receipt into a closing, by default an open one, and return its key."""
        key = world.new_id(self.rng)
        money = money or self.money(moment)
        self.batch.add(
            "receipts",
            {
                "id": key,
                "money": money,
                "datenew": moment,
                "attributes": None,
                "person": "1",
            },
        )
        self.batch.write_if_large()
        return key

    def ticket(
        self,
        moment: datetime,
        lines: list[Line],
        pay: Callable[[float], list[Row]],
        *,
        kind: int = 0,
        number: int | None = None,
        customer: str | None = None,
        status: int = 0,
        money: str | None = None,
    ) -> Sale:
        """Write a ticket with its lines, taxes, payments and movements of stock."""
        number = self.number(kind) if number is None else number
        key = self.receipt(moment, money)
        self.batch.add(
            "tickets",
            {
                "id": key, "tickettype": kind, "ticketid": number, "status": status,
                "person": self.rng.choice("012"), "customer": customer,
            },
        )  # fmt: skip
        bases: dict[str, float] = {}
        for position, line in enumerate(lines):
            bases[line.tax] = bases.get(line.tax, 0.0) + line.units * line.price
            self.batch.add(
                "ticketlines",
                {
                    "ticket": key, "line": position, "product": line.product, "units": line.units,
                    "price": line.price, "taxid": line.tax,
                    "attributes": _attributes(line.name, line.tax),
                },
            )  # fmt: skip
        total = sum(bases.values())
        for tax, base in bases.items():
            amount = base * TAXES[tax][1]
            total += amount
            row = {"id": world.new_id(self.rng), "receipt": key, "taxid": tax, "base": base}
            self.batch.add("taxlines", {**row, "amount": amount})
        for payment in pay(total):
            self.pay(key, **payment)
        self.stock(moment, lines)
        return Sale(key, number, lines)

    def pay(
        self,
        receipt: str,
        payment: str,
        total: float,
        tendered: float = 0.0,
        voucher: str | None = None,
    ) -> None:
        """Write a payment."""
        is_card = payment.startswith("ccard")
        self.batch.add(
            "payments",
            {
                "id": world.new_id(self.rng), "receipt": receipt, "payment": payment,
                "total": total, "tip": 0.0, "transid": "no ID", "isprocessed": is_card,
                "notes": None, "tendered": tendered, "cardname": "VISA" if is_card else None,
                "voucher": voucher,
            },
        )  # fmt: skip

    def stock(self, moment: datetime, lines: list[Line], sign: int = 1) -> None:
        """Let sold products leave the stock, and returned ones come back."""
        for line in lines:
            if line.product:
                self.batch.add(
                    "stockdiary",
                    {
                        "id": world.new_id(self.rng), "datenew": moment, "location": "0",
                        "reason": 2 if line.units * sign < 0 else -1, "product": line.product,
                        "units": -line.units * sign, "price": line.price, "appuser": "1",
                    },
                )  # fmt: skip

    def trade(self, kind: str, moment: datetime) -> None:
        """Do what makes one ticket, or something else at the till."""
        if kind.startswith("refund"):
            self.refund(kind, moment)
        elif kind in ("cash_in", "cash_out"):
            amount = float(self.rng.randrange(10, 200, 10))
            sign = 1 if kind == "cash_in" else -1
            self.pay(self.receipt(moment), kind.replace("_", ""), sign * amount)
        elif kind == "debt_paid":
            amount = round(self.rng.uniform(5, 30), 2)
            way = [_way("cash", amount, amount), _way("debtpaid", -amount)]
            self.ticket(moment, [], lambda _: way, kind=2, customer=DEBTOR)
            self.owe(-amount, moment)
        else:
            self.sale(kind, moment)

    def owe(self, amount: float, moment: datetime) -> None:
        """Change what the customer with an account owes."""
        statement = "update customers set curdebt = curdebt + %s, curdate = %s where id = %s"
        self.batch.update(statement, [amount, moment, DEBTOR])

    def refund(self, kind: str, moment: datetime) -> None:
        """Give back a sale of these days, or its first line."""
        place = self.rng.randrange(len(self.recent))
        sale = self.recent[place]
        del self.recent[place]
        given = sale.lines[:1] if kind == "refund_part" else sale.lines
        if rest := sale.lines[len(given) :]:
            self.recent.append(replace(sale, lines=rest))
        way = "ccardrefund" if kind == "refund_card" else "cashrefund"
        refund = self.ticket(
            moment, [replace(line, units=-line.units) for line in given],
            lambda total: [_way(way, total)], kind=1, status=sale.number,
        )  # fmt: skip
        statement = "update tickets set status = %s where id = %s"
        self.batch.update(statement, [refund.number, sale.key])

    def sale(self, kind: str, moment: datetime) -> None:
        """Sell something."""
        lines = lines_of(kind, self.rng)
        customer = {"debt": DEBTOR, "customer_discount": DISCOUNTED, "exempt": EXEMPT}.get(kind)
        if customer is None and self.rng.random() < 0.2:
            customer = customer_id(self.rng.randrange(len(world.PEOPLE)))
        if kind in ("struck", "void"):
            for line in lines if kind == "void" else self.rng.sample(USUAL, 1):
                row = {"removeddate": moment, "name": "Manager", "ticketid": "Void"}
                row |= {"productid": line.product, "productname": line.name, "units": line.units}
                self.batch.add("lineremoved", row)
        if kind in ("edit", "void"):
            # What was rung up first is gone from all tables but this one.
            first = lines if kind == "void" else [*lines, self.rng.choice(USUAL)]
            self.stock(moment, first)
            self.stock(moment, first, -1)
        if kind == "void":
            self.number(0)
            return
        sale = self.ticket(
            moment, lines, lambda total: ways_of(kind, total, self.rng), customer=customer
        )
        if kind == "debt":
            self.owe(
                sum(line.units * line.price * (1 + TAXES[line.tax][1]) for line in lines), moment
            )
        if kind == "usual":
            self.recent.append(sale)


def lines_of(kind: str, rng: Random) -> list[Line]:
    """Return the lines of a kind of sale."""
    lines = [
        replace(line, units=float(rng.choice((1, 1, 1, 2, 3))))
        for line in rng.sample(USUAL, rng.randint(1, 4))
    ]
    if kind == "weight":
        lines.append(replace(DISHES["Parmigiano per kg"], units=round(rng.uniform(0.1, 1.2), 3)))
    elif kind == "half":
        lines += [replace(DISHES[name], units=0.5) for name in ("Margherita", "Calzone")]
    elif kind == "modifier":
        lines += [DISHES[name] for name in ("Margherita", "*Extra cheese", "*Gluten free")]
    elif kind == "exchange":
        lines = [replace(DISHES["Grappa"], units=-1.0), DISHES["Chianti 0.75l"], *lines]
    elif kind == "even_exchange":
        lines = [replace(DISHES["Calzone"], units=-1.0), DISHES["Calzone"]]
    elif kind == "lower_price":
        lines[0] = replace(lines[0], price=lines[0].price * 0.8)
    elif kind == "customer_discount":
        lines = [replace(line, price=line.price * 0.9) for line in lines]
    elif kind == "exempt":
        lines = [replace(line, tax="000") for line in lines]
    elif kind == "open_line":
        lines.append(Line(None, "Delivery", 1.0, 2.5 / 1.21, "001"))
    elif kind == "discount_line":
        for tax in {line.tax: 0 for line in lines}:
            base = sum(line.units * line.price for line in lines if line.tax == tax)
            lines.append(Line(None, "Discount 15%", 1.0, -0.15 * base, tax))
    return lines


def _way(payment: str, total: float, tendered: float = 0.0, voucher: str | None = None) -> Row:
    return {"payment": payment, "total": total, "tendered": tendered, "voucher": voucher}


def ways_of(kind: str, total: float, rng: Random) -> list[Row]:
    """Return the payments of a kind of sale; they add up to its unrounded total."""
    voucher = f"VO-{rng.randrange(10**6):06}"
    cash = _way("cash", total, world.notes_for(total, rng))
    if kind in ("debt", "free", "bank"):
        return [_way(kind, total)]
    if kind == "voucher":
        return [_way("voucher", total, 0.0, voucher)]
    if kind in ("voucher_and_cash", "split"):
        part = round(total / 3, 1)
        rest = total - part
        return [
            _way("voucher", part, 0.0, voucher) if kind != "split" else _way("ccard", part),
            _way("cash", rest, world.notes_for(rest, rng)),
        ]
    return [cash] if kind == "even_exchange" or rng.random() < 0.5 else [_way("ccard", total)]
