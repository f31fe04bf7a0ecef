"""What a uniCenta branch sells, to whom, at which taxes; the same in every branch."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from tests.python.tills import world
from tests.python.tills.tables import Row, Till

TAXES = {"000": ("Tax Exempt", 0.0), "001": ("Tax Standard", 0.21), "002": ("Tax Reduced", 0.09)}
CATEGORIES = {"000": "Category Standard", "pizza": "Pizza", "drinks": "Drinks", "extras": "Extras"}
MENU = (
    # name, price with tax, category, tax
    *((name, price, "pizza", "002") for name, price in world.SHARED_DISHES.items()),
    ("Pizza Bianca", 11.9, "pizza", "002"),
    ("Calzone", 12.45, "pizza", "002"),
    ("Chianti 0.75l", 24.95, "drinks", "001"),
    ("Grappa", 4.75, "drinks", "001"),
    ("*Extra cheese", 1.5, "extras", "002"),
    ("*Gluten free", 2.25, "extras", "002"),
    ("Parmigiano per kg", 38.9, "000", "002"),
    ("Stamps", 9.1, "000", "000"),
)


@dataclass(frozen=True)
class Line:
    """A line of a ticket; its price is without tax."""

    product: str | None
    name: str
    units: float
    price: float
    tax: str


def product_id(name: str) -> str:
    """Return a product's key: the same in every branch of the chain."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def customer_id(number: int) -> str:
    """Return the key of one of `world.PEOPLE`."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"customer {number}"))


DISHES = {
    name: Line(product_id(name), name, 1.0, price / (1 + TAXES[tax][1]), tax)
    for name, price, _, tax in MENU
}
USUAL = [line for name, line in DISHES.items() if not name.startswith("*") and " kg" not in name]
DEBTOR, DISCOUNTED, EXEMPT = (customer_id(number) for number in (0, 3, 6))


def create(connection: Any) -> None:
    """Create the tables, and what is sold to whom.

    Args:
        connection: of psycopg or PyMySQL, to an empty database.
    """
    till = Till(connection, "unicenta")
    till.create()
    taxes = [{"id": tax, "name": name} for tax, (name, _) in TAXES.items()]
    till.insert("taxcategories", taxes)
    till.insert_masters(
        "taxes",
        [
            {**tax, "category": tax["id"], "rate": TAXES[tax["id"]][1], "rateorder": 0}
            for tax in taxes
        ],
    )
    till.insert_masters(
        "categories",
        [
            {
                "id": key,
                "name": name,
                "parentid": None if key == "000" else "000",
                "catshowname": True,
            }
            for key, name in CATEGORIES.items()
        ],
    )
    till.insert_masters("products", [_product(*dish) for dish in MENU])
    till.insert_masters(
        "customers",
        [
            {
                "id": customer_id(number), "searchkey": str(number), "firstname": first,
                "name": f"{first} {last}", "lastname": last, "email": email, "maxdebt": 5000.0,
                "visible": True, "curdebt": 500.0 if number == 0 else None,
                "discount": 0.1 if number == 3 else 0.0,
            }
            for number, (first, last, email) in enumerate(world.PEOPLE)
        ],
    )  # fmt: skip
    connection.commit()


def _product(name: str, price: float, category: str, tax: str) -> Row:
    del price
    line = DISHES[name]
    return {
        "id": line.product, "reference": name[:12], "code": line.product, "name": name,
        "pricebuy": round(line.price * 0.3, 4), "pricesell": line.price, "category": category,
        "taxcat": tax, "iscom": name.startswith("*"), "isscale": " kg" in name,
        "printkb": True, "display": f"<html>{name}",
    }  # fmt: skip
