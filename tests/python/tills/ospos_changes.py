"""What happens to OSPOS' sales later, and what a broken database of it has.

Where the facts are silent: the form that moves a sale leaves the time of its payments alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.python.tills import world
from tests.python.tills.ospos import Shop
from tests.python.tills.ospos_menu import WORDS, Line
from tests.python.tills.tables import Row, Till

OLD_SALES = (
    "select s.sale_id, s.sale_time, s.customer_id from ospos_sales as s"
    " where s.sale_status = {status} and s.sale_type = 0 and s.sale_time < %s"
    " and not exists (select 1 from ospos_sales_items as i"
    " where i.sale_id = s.sale_id and i.quantity_purchased < 0) order by s.sale_id"
)


def _old_sale(shop: Shop, now: datetime, status: int = 0) -> Row:
    """Return a sale of three days ago or older; one that is suspended may be younger."""
    before = now.replace(tzinfo=None) - timedelta(days=0 if status else 3)
    return shop.rng.choice(shop.till.query(OLD_SALES.format(status=status), [before]))


def move(shop: Shop, now: datetime) -> None:
    """Put an old sale on the day before."""
    sale = _old_sale(shop, now)
    shop.till.execute(
        "update ospos_sales set sale_time = %s where sale_id = %s",
        [sale["sale_time"] - timedelta(days=1), sale["sale_id"]],
    )


def customer(shop: Shop, now: datetime) -> None:
    """Give an old sale another customer."""
    sale = _old_sale(shop, now)
    other = 11 if sale["customer_id"] != 11 else 12
    statement = "update ospos_sales set customer_id = %s, comment = 'was wrong' where sale_id = %s"
    shop.till.execute(statement, [other, sale["sale_id"]])


def payment(shop: Shop, now: datetime) -> None:
    """Let an old sale be paid by debit card, where the form said something else."""
    words = WORDS[shop.language]
    shop.till.execute(
        "update ospos_sales_payments set payment_type = %s,"
        " payment_amount = payment_amount - cash_refund, cash_refund = 0 where sale_id = %s",
        [words["debit"], _old_sale(shop, now)["sale_id"]],
    )


def settle(shop: Shop, now: datetime) -> None:
    """Let a customer pay in cash what was due: the form changes the payment in place."""
    del now
    words = WORDS[shop.language]
    due = "select min(payment_id) from ospos_sales_payments where payment_type = %s"
    shop.till.execute(
        "update ospos_sales_payments set payment_type = %s where payment_id = %s",
        [words["cash"], shop.till.value(due, [words["due"]])],
    )


def cancel(shop: Shop, now: datetime) -> None:
    """Cancel an old sale: nothing of it goes but its status."""
    statement = "update ospos_sales set sale_status = 2 where sale_id = %s"
    shop.till.execute(statement, [_old_sale(shop, now)["sale_id"]])


def late_return(shop: Shop, now: datetime) -> None:
    """Take back today what was sold days ago."""
    rows = shop.till.query(
        "select item_id, quantity_purchased, item_unit_price, discount, discount_type"
        " from ospos_sales_items where sale_id = %s order by line",
        [_old_sale(shop, now)["sale_id"]],
    )
    shop.recent.append([Line(*row.values()) for row in rows])
    shop.sale("return", now)


def complete(shop: Shop, now: datetime) -> None:
    """Complete a suspended sale: its lines and taxes are written anew, under the same number."""
    sale = _old_sale(shop, now, status=1)["sale_id"]
    for table in ("items_taxes", "items", "taxes", "payments"):
        shop.till.execute(f"delete from ospos_sales_{table} where sale_id = %s", [sale])
    total = shop.write_lines(sale, shop.lines("usual"))
    for word, amount, change_given in shop.payments("split", total):
        shop.pay(sale, now, word, amount, change_given)
    shop.till.execute(
        "update ospos_sales set sale_status = 0, sale_time = %s where sale_id = %s",
        [world.wall(now, shop.zone), sale],
    )


CHANGES: dict[str, Callable[[Shop, datetime], None]] = {
    "move": move, "customer": customer, "payment": payment, "settle": settle, "cancel": cancel,
    "late_return": late_return, "complete": complete,
}  # fmt: skip


def change(
    connection: Any,
    seed: int,
    *names: str,
    now: datetime | None = None,
    zone: str = "America/New_York",
    language: str = "en",
) -> None:
    """Change what was sold three days ago or earlier.

    Args:
        connection: of PyMySQL, to a database with a week of sales at least.
        seed: of the random numbers that choose the sales.
        names: of `CHANGES`; all of them by default.
        now: a moment with its zone; by default ten minutes after the newest payment.
        zone: the branch's time zone, as it was sold in.
        language: of the ways of paying, as it was sold in.
    """
    till = Till(connection, "ospos")
    if now is None:
        newest: datetime = till.value("select max(payment_time) from ospos_sales_payments")
        now = newest.replace(tzinfo=UTC) + timedelta(minutes=10)
    shop = Shop(till, Random(seed), zone, language)  # noqa: S311 - sales, not secrets
    for name in names or CHANGES:
        CHANGES[name](shop, now)
        shop.batch.write()


def _newest_sale(till: Till) -> int:
    return int(
        till.value(
            "select max(s.sale_id) from ospos_sales as s inner join ospos_sales_payments as p"
            " on s.sale_id = p.sale_id where s.sale_status = 0 and s.sale_type = 0"
        )
    )


def zero_date(till: Till) -> None:
    """Give the newest sale MySQL's date of noughts."""
    statement = "update ospos_sales set sale_time = '0000-00-00 00:00:00' where sale_id = %s"
    till.execute(statement, [_newest_sale(till)])


def orphan(till: Till) -> None:
    """Write a line whose sale is missing."""
    missing = till.next_id("ospos_sales", "sale_id") + 1000
    row = {"sale_id": missing, "item_id": 1, "line": 1, "quantity_purchased": 1}
    till.insert_masters("ospos_sales_items", [{**row, "item_unit_price": 5, "item_location": 1}])


def unknown_payment(till: Till) -> None:
    """Pay the newest sale in a way that no facts name."""
    statement = "update ospos_sales_payments set payment_type = 'Seashells' where sale_id = %s"
    till.execute(statement, [_newest_sale(till)])


def wrong_payment(till: Till) -> None:
    """Pay 7.77 more than the newest sale costs."""
    statement = "select max(payment_id) from ospos_sales_payments where sale_id = %s"
    payment_id = till.value(statement, [_newest_sale(till)])
    till.execute(
        "update ospos_sales_payments set payment_amount = payment_amount + 7.77"
        " where payment_id = %s",
        [payment_id],
    )


def null(till: Till) -> None:
    """Empty the quantity of a line of the newest sale."""
    till.let_be_null("ospos_sales_items", "quantity_purchased")
    till.execute(
        "update ospos_sales_items set quantity_purchased = null where sale_id = %s and line = 1",
        [_newest_sale(till)],
    )


CROOKED: dict[str, Callable[[Till], None]] = {
    "zero_date": zero_date, "orphan": orphan, "unknown_payment": unknown_payment,
    "wrong_payment": wrong_payment, "null": null,
}  # fmt: skip


def spoil(connection: Any, name: str) -> None:
    """Write something that the program never writes.

    Args:
        connection: of PyMySQL, to a database with sales.
        name: of `CROOKED`.
    """
    till = Till(connection, "ospos")
    CROOKED[name](till)
    connection.commit()
