"""What an Open Source POS shop sells, to whom, at which taxes; and how money is reckoned there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.python.tills import world
from tests.python.tills.tables import Till

TAXES = {
    "food": (("State Tax", Decimal("4.0000")), ("City Tax", Decimal("4.8750"))),
    "drinks": (("Sales Tax", Decimal("10.2500")),),
    "none": (),
}
MENU = (
    *((name, str(price), "food") for name, price in world.SHARED_DISHES.items()),
    ("Pepperoni", "12.40", "food"),
    ("Garden Salad", "7.35", "food"),
    ("Root Beer", "3.15", "drinks"),
    ("House Red", "6.85", "drinks"),
    ("Newspaper", "2.50", "none"),
    ("Provolone per lb", "11.49", "food"),
    ("Family Deal", "29.95", "food"),
    ("Gift Card", "25.00", "none"),
)
ITEMS = {name: number for number, (name, _, _) in enumerate(MENU, start=1)}
TAX_OF = {ITEMS[name]: TAXES[tax] for name, _, tax in MENU}
USUAL = tuple(range(1, ITEMS["Newspaper"]))
KIT = ITEMS["Family Deal"]
KIT_PARTS = (ITEMS["Margherita"], ITEMS["Pepperoni"], ITEMS["Root Beer"])
EMPLOYEES = (1, 2)
FIRST_CUSTOMER = 10
DISCOUNTED, UNTAXED, ON_ACCOUNT = 13, 16, 10
"""Customers: one with 5 percent off, one who pays no tax, and one who pays later."""

WORDS = {
    "en": {
        "cash": "Cash", "credit": "Credit Card", "debit": "Debit Card", "check": "Check",
        "due": "Due", "gift": "Gift Card", "points": "Reward Points",
    },
    "es": {
        "cash": "Efectivo", "credit": "Tarjeta de Crédito", "debit": "Tarjeta de Débito",
        "check": "Cheque", "due": "Pendiente", "gift": "Tarjeta de Regalo",
        "points": "Puntos de Recompensa",
    },
}  # fmt: skip
"""The ways of paying as the program writes them, by the language of the shop."""

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """A line of a sale; its price is without tax."""

    item: int
    quantity: Decimal
    price: Decimal
    discount: Decimal = Decimal(0)
    discount_type: int = 0

    @property
    def net(self) -> Decimal:
        """The quantity times the price less the discount, each rounded to cents.

        An amount is taken off each unit: the facts are silent, the program's public source is not.
        """
        value = self.quantity * self.price
        base = self.quantity if self.discount_type else value / 100
        off = base * self.discount
        return value.quantize(CENT, ROUND_HALF_UP) - off.quantize(CENT, ROUND_HALF_UP)

    def tax(self, percent: Decimal, decimals: int) -> Decimal:
        """Return the line's tax at a rate."""
        places = Decimal(1).scaleb(-decimals)
        return (self.net * percent / 100).quantize(places, ROUND_HALF_UP)


PRICES = {ITEMS[name]: Decimal(price) for name, price, _ in MENU}


def one(item: int, quantity: str | int = 1, **more: Any) -> Line:
    """Return a line with an item at its usual price."""
    return Line(item, Decimal(quantity), PRICES[item], **more)


def create(connection: Any) -> None:
    """Create the tables, and what is sold to whom.

    Args:
        connection: of PyMySQL, to an empty database.
    """
    till = Till(connection, "ospos")
    till.create()
    people = [
        *((number, "Clerk", str(number), f"clerk{number}@example.com") for number in EMPLOYEES),
        *((number, *person) for number, person in enumerate(world.PEOPLE, start=FIRST_CUSTOMER)),
    ]
    till.insert_masters(
        "ospos_people",
        [
            {"person_id": number, "first_name": first, "last_name": last, "email": email}
            for number, first, last, email in people
        ],
    )
    till.insert_masters(
        "ospos_customers",
        [
            {
                "person_id": number, "taxable": int(number != UNTAXED), "points": 900,
                "date": "2025-01-01 12:00:00", "employee_id": 1, "consent": 1,
                "discount": 5 if number == DISCOUNTED else 0,
                "account_number": f"A{number}" if number == ON_ACCOUNT else None,
            }
            for number, *_ in people[len(EMPLOYEES) :]
        ],
    )  # fmt: skip
    till.insert_masters("ospos_items", [_item(*dish) for dish in MENU])
    till.insert(
        "ospos_stock_locations", [{"location_id": 1, "location_name": "stock", "deleted": 0}]
    )
    till.insert(
        "ospos_giftcards",
        [
            {
                "record_time": "2025-01-01 12:00:00", "giftcard_id": number, "value": 5000,
                "giftcard_number": str(number), "deleted": 0, "person_id": None,
            }
            for number in (17, 18)
        ],
    )  # fmt: skip
    connection.commit()


def _item(name: str, price: str, tax: str) -> dict[str, Any]:
    return {
        "item_id": ITEMS[name], "name": name, "category": tax, "unit_price": Decimal(price),
        "cost_price": (Decimal(price) * Decimal("0.3")).quantize(CENT), "receiving_quantity": 1,
        "stock_type": int(tax == "none"), "item_type": int(ITEMS[name] == KIT), "qty_per_pack": 1,
        "pack_name": "Each", "low_sell_item_id": ITEMS[name], "item_number": f"SKU{ITEMS[name]}",
    }  # fmt: skip
