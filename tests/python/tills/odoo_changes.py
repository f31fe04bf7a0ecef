"""What happens to Odoo's orders later, and what a broken database of it has.

Each change stamps `write_date` of the rows that it writes, as the program does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.python.tills.odoo import Counter, Ledger
from tests.python.tills.odoo_menu import PRODUCTS, SHOPS, TIP, Line, method, priced
from tests.python.tills.tables import Row, Till

OLD_ORDERS = (
    "select o.id, o.date_order, o.amount_total, o.session_id, s.config_id from pos_order as o"
    " inner join pos_session as s on o.session_id = s.id"
    " where o.state {states} and o.date_order < %s and o.fiscal_position_id is null"
    " and o.amount_total > 0 and not exists (select 1 from pos_order_line as l"
    " left join pos_order_line as r on l.id = r.refunded_orderline_id where l.order_id = o.id"
    " and (l.qty < 0 or r.id is not null or l.combo_parent_id is not null or l.price_unit <= 0))"
    " order by o.id"
)


class Books:
    """An Odoo database that is worked in."""

    def __init__(self, till: Till, rng: Random, now: datetime) -> None:
        """Sell at a moment, in UTC."""
        self.till = till
        self.rng = rng
        self.now = now
        self.ledger = Ledger(till, rng)

    def old(self, states: str = "in ('paid', 'done')") -> Row:
        """Return an order of three days ago or older; what is not done may be younger."""
        before = self.now - timedelta(days=3 if "done" in states else 0)
        return self.rng.choice(self.till.query(OLD_ORDERS.format(states=states), [before]))

    def counter(self, config: int) -> Counter:
        """Return a shop's till, in its open session if it has one."""
        opened = "select * from pos_session where config_id = %s and state = 'opened'"
        sessions = self.till.query(opened, [config])
        return Counter(self.ledger, SHOPS[config - 1], sessions[0] if sessions else None)

    def lines(self, order: int) -> list[Line]:
        """Return an order's lines."""
        goods = {line.product: line.goods for _, line, _ in PRODUCTS}
        rows = self.till.query(
            "select id, product_id, full_product_name, price_unit, qty, discount, price_extra"
            " from pos_order_line where order_id = %s order by id",
            [order],
        )
        return [
            Line(
                row["product_id"], row["full_product_name"], float(row["price_unit"]),
                goods[row["product_id"]], float(row["qty"]), float(row["discount"]),
                row["price_extra"], refunded=row["id"],
            )
            for row in rows
        ]  # fmt: skip

    def set(self, table: str, key: int, **values: Any) -> None:
        """Change a row in place."""
        values |= {"write_date": self.now}
        names = ", ".join(f"{name} = %s" for name in values)
        self.till.execute(f"update {table} set {names} where id = %s", [*values.values(), key])

    def unlink(self, order: int) -> None:
        """Delete an order's lines."""
        of_order = "(select id from pos_order_line where order_id = %s)"
        for statement in (
            f"delete from account_tax_pos_order_line_rel where pos_order_line_id in {of_order}",
            "delete from pos_order_line where order_id = %s",
        ):
            self.till.execute(statement, [order])

    def write_anew(self, order: Row, lines: list[Line], *, is_paid: bool) -> None:
        """Unlink an order's lines and payments, and write them anew, in the open session."""
        self.unlink(order["id"])
        self.till.execute("delete from pos_payment where pos_order_id = %s", [order["id"]])
        counter = self.counter(order["config_id"])
        session = counter.open(self.now)["id"] if is_paid else order["session_id"]
        self.ledger.batch.write()
        sums: Row = {"id": order["id"], "session_id": session}
        sums |= {"amount_paid": 0.0, "amount_return": 0.0}
        lines = [replace(line, refunded=None) for line in lines]
        counter.write_lines(sums, lines, self.now)
        if is_paid:
            counter.pay(sums, "usual", self.now, self.now)
        self.set("pos_order", sums.pop("id"), **sums)


def redraft(books: Books) -> None:
    """Add a beer to a draft: its lines are unlinked and made anew."""
    draft = books.old("= 'draft'")
    beer = priced("Beer", SHOPS[draft["config_id"] - 1].company)
    books.write_anew(draft, [*books.lines(draft["id"]), beer], is_paid=False)


def pay_draft(books: Books) -> None:
    """Complete a draft, in the session that is open now."""
    draft = books.old("= 'draft'")
    books.write_anew(draft, books.lines(draft["id"]), is_paid=True)
    books.set("pos_order", draft["id"], state="paid", date_order=books.now.replace(microsecond=0))


def delete_draft(books: Books) -> None:
    """Delete a draft for good: nothing but a draft can be."""
    draft = books.old("= 'draft'")
    books.unlink(draft["id"])
    books.till.execute("delete from pos_order where id = %s", [draft["id"]])


def edit(books: Books) -> None:
    """Add a tip to an order that was paid in an open session: it is paid anew."""
    order = books.old("= 'paid'")
    tip = replace(priced(TIP, SHOPS[order["config_id"] - 1].company), price=3.0)
    books.write_anew(order, [*books.lines(order["id"]), tip], is_paid=True)
    books.set("pos_order", order["id"], is_tipped=True, tip_amount=3.0)


def payment(books: Books) -> None:
    """Let an order of an open session be paid by card, where it was something else."""
    order = books.old("= 'paid'")
    card = method("card", SHOPS[order["config_id"] - 1].company)
    of_order = "from pos_payment where pos_order_id = %s"
    kept = books.till.value(f"select min(id) {of_order}", [order["id"]])
    books.till.execute(f"delete {of_order} and id <> %s", [order["id"], kept])
    books.set("pos_payment", kept, payment_method_id=card, amount=order["amount_total"])
    books.set("pos_order", order["id"], amount_return=0)


def late_refund(books: Books) -> None:
    """Give an old order back today."""
    order = books.old()
    lines = [replace(line, qty=-line.qty) for line in books.lines(order["id"])]
    books.counter(order["config_id"]).order(books.now, lines, kind="refund")


def move(books: Books) -> None:
    """Put an old order on the day before, as support does where a device's clock was wrong."""
    order = books.old()
    books.set("pos_order", order["id"], date_order=order["date_order"] - timedelta(days=1))


def invoice(books: Books) -> None:
    """Invoice an old order."""
    order = books.old()["id"]
    books.set("pos_order", order, state="invoiced", account_move=order, to_invoice=True)


CHANGES: dict[str, Callable[[Books], None]] = {
    "redraft": redraft, "pay_draft": pay_draft, "delete_draft": delete_draft, "edit": edit,
    "payment": payment, "late_refund": late_refund, "move": move, "invoice": invoice,
}  # fmt: skip


def change(connection: Any, seed: int, *names: str, now: datetime | None = None) -> None:
    """Change what was sold three days ago or earlier, and drafts.

    Args:
        connection: of psycopg, to a database with a week of sales at least.
        seed: of the random numbers that choose the orders.
        names: of `CHANGES`; all of them by default.
        now: in UTC, without a zone; by default ten minutes after the newest change.
    """
    till = Till(connection, "odoo")
    if now is None:
        now = till.value("select max(write_date) from pos_order") + timedelta(minutes=10)
    books = Books(till, Random(seed), now)  # noqa: S311 - sales, not secrets
    for name in names or CHANGES:
        CHANGES[name](books)
        books.ledger.batch.write()


def _newest_order(till: Till) -> int:
    paid = "select order_id from pos_order_line"
    newest = "select max(id) from pos_order where state = 'done' and amount_total > 0"
    return int(till.value(f"{newest} and id in ({paid})"))


def endless_date(till: Till) -> None:
    """Give the newest order Postgres' time without end."""
    statement = "update pos_order set date_order = 'infinity' where id = %s"
    till.execute(statement, [_newest_order(till)])


def orphan(till: Till) -> None:
    """Take the newest order away from its lines."""
    order = _newest_order(till)
    for table, column in (("pos_order_line", "order_id"), ("pos_payment", "pos_order_id")):
        till.drop_parent(table, column)
    till.execute("delete from pos_payment where pos_order_id = %s", [order])
    till.execute("delete from pos_order where id = %s", [order])


def unknown_payment(till: Till) -> None:
    """Pay the newest order in a way that no facts name."""
    key = till.next_id("pos_payment_method")
    name = '{"en_US": "Seashells"}'
    till.insert("pos_payment_method", [{"id": key, "name": name, "company_id": 1, "active": True}])
    statement = "update pos_payment set payment_method_id = %s where pos_order_id = %s"
    till.execute(statement, [key, _newest_order(till)])


def wrong_payment(till: Till) -> None:
    """Pay 7.77 more than the newest order costs."""
    of_order = "select max(id) from pos_payment where not is_change and pos_order_id = %s"
    statement = "update pos_payment set amount = amount + 7.77 where id = %s"
    till.execute(statement, [till.value(of_order, [_newest_order(till)])])


def null(till: Till) -> None:
    """Empty the quantity of the newest order's lines."""
    statement = "update pos_order_line set qty = null where order_id = %s"
    till.execute(statement, [_newest_order(till)])


CROOKED: dict[str, Callable[[Till], None]] = {
    "endless_date": endless_date, "orphan": orphan, "unknown_payment": unknown_payment,
    "wrong_payment": wrong_payment, "null": null,
}  # fmt: skip


def spoil(connection: Any, name: str) -> None:
    """Write something that the program never writes.

    Args:
        connection: of psycopg, to a database with sales.
        name: of `CROOKED`.
    """
    till = Till(connection, "odoo")
    CROOKED[name](till)
    connection.commit()
