"""What happens to uniCenta's tickets later, and what a broken database of it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.python.tills.tables import Row, Till
from tests.python.tills.unicenta import Shop, ways_of
from tests.python.tills.unicenta_menu import DISHES, Line

OLD_SALES = (
    "select t.id, t.ticketid, t.customer, r.datenew, r.money from tickets as t"
    " inner join receipts as r on t.id = r.id where t.tickettype = 0 and t.status = 0"
    " and r.datenew < %s and exists (select 1 from ticketlines as l where l.ticket = t.id)"
    " order by r.datenew, t.id"
)


def _old_sale(shop: Shop, now: datetime) -> Row:
    """Return a sale of three days ago or older that was not refunded."""
    return shop.rng.choice(shop.till.query(OLD_SALES, [now - timedelta(days=3)]))


def _lines(shop: Shop, ticket: str) -> list[Line]:
    rows = shop.till.query(
        "select l.product, coalesce(p.name, 'Line') as name, l.units, l.price, l.taxid"
        " from ticketlines as l left join products as p on l.product = p.id"
        " where l.ticket = %s order by l.line",
        [ticket],
    )
    return [Line(*row.values()) for row in rows]


def _delete(shop: Shop, ticket: str, now: datetime) -> None:
    """Delete the rows of the five tables, and bring the goods back."""
    shop.stock(now, _lines(shop, ticket), -1)
    for table, column in (
        ("payments", "receipt"), ("taxlines", "receipt"), ("ticketlines", "ticket"),
        ("tickets", "id"), ("receipts", "id"),
    ):  # fmt: skip
        shop.till.execute(f"delete from {table} where {column} = %s", [ticket])


def edit(shop: Shop, now: datetime) -> None:
    """Add a grappa to an old sale: it is deleted, and written anew under another key."""
    sale = _old_sale(shop, now)
    lines = [*_lines(shop, sale["id"]), DISHES["Grappa"]]
    _delete(shop, sale["id"], now)
    shop.ticket(
        sale["datenew"], lines, lambda total: ways_of("bank", total, shop.rng),
        number=sale["ticketid"], customer=sale["customer"], money=sale["money"],
    )  # fmt: skip


def delete(shop: Shop, now: datetime) -> None:
    """Delete an old sale."""
    _delete(shop, _old_sale(shop, now)["id"], now)


def late_refund(shop: Shop, now: datetime) -> None:
    """Give an old sale back today."""
    sale = _old_sale(shop, now)
    lines = [replace(line, units=-line.units) for line in _lines(shop, sale["id"])]
    refund = shop.ticket(
        now, lines, lambda total: [{"payment": "cashrefund", "total": total}],
        kind=1, status=sale["ticketid"],
    )  # fmt: skip
    shop.till.execute("update tickets set status = %s where id = %s", [refund.number, sale["id"]])


def move(shop: Shop, now: datetime) -> None:
    """Put an old sale on the day before, as support does where a till's clock was wrong."""
    sale = _old_sale(shop, now)
    shop.till.execute(
        "update receipts set datenew = %s where id = %s",
        [sale["datenew"] - timedelta(days=1), sale["id"]],
    )


CHANGES: dict[str, Callable[[Shop, datetime], None]] = {
    "edit": edit, "delete": delete, "late_refund": late_refund, "move": move,
}  # fmt: skip


def change(connection: Any, seed: int, *names: str, now: datetime | None = None) -> None:
    """Change what was sold three days ago or earlier.

    Args:
        connection: of psycopg or PyMySQL, to a database with a week of sales at least.
        seed: of the random numbers that choose the sales.
        names: of `CHANGES`; all of them by default.
        now: what the branch's clock shows; by default ten minutes after the newest receipt.
    """
    till = Till(connection, "unicenta")
    now = now or till.value("select max(datenew) from receipts") + timedelta(minutes=10)
    # The movements of stock only grow: no two calls draw the same keys.
    drawn = f"{seed}/{till.value('select count(*) from stockdiary')}"
    shop = Shop(till, Random(drawn))  # noqa: S311 - sales, not secrets
    for name in names or CHANGES:
        CHANGES[name](shop, now)
        shop.batch.write()


def _newest_sale(till: Till) -> str:
    return str(
        till.value(
            "select r.id from receipts as r inner join tickets as t on r.id = t.id"
            " inner join ticketlines as l on t.id = l.ticket and l.line = 0"
            " where t.tickettype = 0 order by r.datenew desc, r.id limit 1"
        )
    )


def zero_date(till: Till) -> None:
    """Give the newest sale MySQL's date of noughts; MariaDB alone takes it."""
    sale = _newest_sale(till)
    till.execute("update receipts set datenew = '0000-00-00 00:00:00' where id = %s", [sale])


def orphan(till: Till) -> None:
    """Write a line whose ticket is missing."""
    row = {"ticket": "no such ticket", "line": 0, "product": None, "units": 1.0, "price": 5.0}
    till.drop_parent("ticketlines", "ticket")
    till.insert("ticketlines", [{**row, "taxid": "001"}])


def unknown_payment(till: Till) -> None:
    """Pay the newest sale in a way that no facts name."""
    statement = "update payments set payment = 'seashells' where receipt = %s"
    till.execute(statement, [_newest_sale(till)])


def wrong_payment(till: Till) -> None:
    """Pay 7.77 more than the newest sale costs."""
    shop = Shop(till, Random(0))  # noqa: S311 - a key, not a secret
    shop.pay(_newest_sale(till), "cash", 7.77)
    shop.batch.write()


def null(till: Till) -> None:
    """Empty the units of a line of the newest sale."""
    till.let_be_null("ticketlines", "units")
    statement = "update ticketlines set units = null where ticket = %s and line = 0"
    till.execute(statement, [_newest_sale(till)])


CROOKED: dict[str, Callable[[Till], None]] = {
    "zero_date": zero_date, "orphan": orphan, "unknown_payment": unknown_payment,
    "wrong_payment": wrong_payment, "null": null,
}  # fmt: skip


def spoil(connection: Any, name: str) -> None:
    """Write something that the program never writes.

    Args:
        connection: of psycopg or PyMySQL, to a database with sales.
        name: of `CROOKED`; `zero_date` on MariaDB alone.
    """
    till = Till(connection, "unicenta")
    CROOKED[name](till)
    connection.commit()
