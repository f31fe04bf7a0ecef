"""The chain in one Odoo database: two companies with two shops each, and what they sell.

The Benelux company sells in euros with tax within its prices, the American one in dollars with tax
on top.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from math import floor
from typing import Any

from tests.python.tills import world
from tests.python.tills.tables import Row, Till

START = datetime(2025, 1, 1, 9, 30, 15, 123456)
BENELUX, AMERICA = 1, 2
STAMP = {"create_uid": 2, "write_uid": 2, "create_date": START, "write_date": START}
FIRST_CUSTOMER = 10
TIP, DISCOUNT, GIFT_CARD = "Tips", "Discount", "Gift Card"
SIZES = (("S", 0.0), ("M", 2.0), ("L", 4.5))
RATES = {1: 21.0, 2: 9.0, 3: 0.0, 4: 6.25, 5: 1.25}
INCLUDED = (1, 2, 3)
TAXES = {  # of a kind of goods in a company; Tips and gift cards have none
    ("food", BENELUX): (2,), ("drinks", BENELUX): (1,), ("none", BENELUX): (),
    ("food", AMERICA): (4, 5), ("drinks", AMERICA): (4,), ("none", AMERICA): (),
}  # fmt: skip
EXEMPT = {BENELUX: (3,), AMERICA: ()}
METHODS = ("cash", "card", "account", "gift_card", "voucher")
METHOD_NAMES = {
    "cash": {"en_US": "Cash", "nl_NL": "Kas"}, "card": {"en_US": "Card", "nl_NL": "Pin"},
    "account": {"en_US": "Customer Account", "nl_NL": "Op rekening"},
    "gift_card": {"en_US": "Gift Card", "nl_NL": "Cadeaubon"},
    "voucher": {"en_US": "Meal Voucher", "nl_NL": "Maaltijdcheque"},
}  # fmt: skip
MENU = (
    # name, the name in Dutch, price, kind of goods, kind of product
    *((name, None, price, "food", "") for name, price in world.SHARED_DISHES.items()),
    ("Pizza Hawaï", "Pizza Hawaii", 12.35, "food", ""),
    ("Chianti", "Chianti (fles)", 23.95, "drinks", ""),
    ("Beer", "Bier", 3.65, "drinks", ""),
    ("Focaccia", "Focaccia", 6.5, "food", "sizes"),
    ("Antipasti per kg", "Antipasti per kilo", 27.9, "food", "weight"),
    ("Menu for Two", "Menu voor twee", 0.0, "food", "combo"),
    (TIP, "Fooi", 1.0, "none", "service"),
    (DISCOUNT, "Korting", 0.0, "none", "service"),
    (GIFT_CARD, "Cadeaubon", 25.0, "none", "service"),
)


@dataclass(frozen=True)
class Shop:
    """A shop: a point of sale of a company."""

    config: int
    name: str
    company: int
    zone: str


SHOPS = (
    Shop(1, "Utrecht", BENELUX, "Europe/Amsterdam"),
    Shop(2, "Dublin", BENELUX, "Europe/Dublin"),
    Shop(3, "Chicago", AMERICA, "America/Chicago"),
    Shop(4, "Boston", AMERICA, "America/New_York"),
)


@dataclass(frozen=True)
class Line:
    """A line of an order; in the Benelux its price is with tax."""

    product: int
    name: str
    price: float
    goods: str
    qty: float = 1.0
    discount: float = 0.0
    price_extra: float = 0.0
    refunded: int | None = None
    is_exempt: bool = False
    is_child: bool = False

    def taxes(self, company: int) -> tuple[int, ...]:
        """Return the keys of the line's taxes."""
        return EXEMPT[company] if self.is_exempt else TAXES[self.goods, company]

    def amounts(self, company: int) -> tuple[float, float]:
        """Return the line's value without and with tax, each tax rounded by itself."""
        value = rounded(self.qty * self.price * (1 - self.discount / 100))
        base = value
        for tax in self.taxes(company):
            if tax in INCLUDED:
                base = rounded(value / (1 + RATES[tax] / 100))
                return base, base + rounded(value - base)
        for tax in self.taxes(company):
            value += rounded(base * RATES[tax] / 100)
        return base, value


def rounded(value: float) -> float:
    """Round to cents as the program does: cents times 0.01, so that 9.95 is 9.950000000000001."""
    return (-1 if value < 0 else 1) * floor(abs(value) / 0.01 + 0.5 + 1e-9) * 0.01


def _products() -> list[tuple[int, Line, str]]:
    """Return template, line and size of each product."""
    found: list[tuple[int, Line, str]] = []
    for template, (name, _, price, goods, kind) in enumerate(MENU, start=1):
        for size, extra in SIZES if kind == "sizes" else (("", 0.0),):
            full = f"{name} ({size})" if size else name
            found.append((template, Line(len(found) + 1, full, price + extra, goods), size))
    return found


PRODUCTS = _products()
BY_NAME = {line.name: line for _, line, _ in PRODUCTS}


def priced(name: str, company: int, **more: Any) -> Line:
    """Return a line with a product at a company's price; the American one is a fifth higher."""
    line = BY_NAME[name]
    price = line.price if company == BENELUX else round(line.price * 1.2, 2)
    return replace(line, **{"price": price, **more})


def method(way: str, company: int) -> int:
    """Return the key of a company's payment method."""
    return METHODS.index(way) + 1 + len(METHODS) * (company - 1)


def create(connection: Any) -> None:
    """Create the tables, the companies, their shops, and what is sold to whom.

    Args:
        connection: of psycopg, to an empty database.
    """
    till = Till(connection, "odoo")
    till.create()
    for table, rows in (*_companies(), *_accounts(), *_goods(), *_variants(), *_shops()):
        till.insert_masters(table, [{**row, **_stamp(till, table)} for row in rows])
    connection.commit()


def _stamp(till: Till, table: str) -> Row:
    names = {column.name for column in till.columns[table]}
    return {name: value for name, value in STAMP.items() if name in names}


def _companies() -> list[tuple[str, list[Row]]]:
    currencies = ((1, "EUR", "€"), (2, "USD", "$"))
    partners = [(1, "Pizza Benelux", ""), (2, "Pizza America", "")]
    partners += [
        (number, f"{first} {last}", email)
        for number, (first, last, email) in enumerate(world.PEOPLE, start=FIRST_CUSTOMER)
    ]
    return [
        (
            "res_currency",
            [
                {"id": key, "name": name, "symbol": symbol, "rounding": 0.01, "decimal_places": 2,
                 "active": True}
                for key, name, symbol in currencies
            ],
        ),
        (
            "res_partner",
            [
                {"id": key, "name": name, "complete_name": name, "email": email or None,
                 "active": True, "is_company": key < FIRST_CUSTOMER}
                for key, name, email in partners
            ],
        ),
        (
            "res_company",
            [
                {"id": key, "name": name, "partner_id": key, "currency_id": key, "active": True}
                for key, name, _ in partners[:2]
            ],
        ),
    ]  # fmt: skip


def _accounts() -> list[tuple[str, list[Row]]]:
    return [
        (
            "account_journal",
            [
                {
                    "id": number + 3 * (company - 1), "company_id": company, "code": code,
                    "type": kind, "name": json.dumps({"en_US": name}), "active": True,
                    "invoice_reference_type": "invoice", "invoice_reference_model": "odoo",
                }
                for company in (BENELUX, AMERICA)
                for number, code, kind, name in (
                    (1, "CSH1", "cash", "Cash"), (2, "BNK1", "bank", "Bank"),
                    (3, "POSS", "general", "Point of Sale"),
                )
            ],
        ),
        (
            "account_tax",
            [
                {
                    "id": tax, "company_id": BENELUX if tax in INCLUDED else AMERICA,
                    "sequence": tax, "tax_group_id": tax, "country_id": 1, "amount": rate,
                    "type_tax_use": "sale", "amount_type": "percent", "active": True,
                    "price_include": tax in INCLUDED, "name": json.dumps({"en_US": f"{rate:g}%"}),
                }
                for tax, rate in RATES.items()
            ],
        ),
    ]  # fmt: skip


def _goods() -> list[tuple[str, list[Row]]]:
    return [
        (
            "product_category",
            [
                {"id": 1, "parent_id": None, "name": "All", "complete_name": "All"},
                {"id": 2, "parent_id": 1, "name": "Menu", "complete_name": "All / Menu"},
            ],
        ),
        (
            "pos_category",
            [
                {"id": 1, "name": json.dumps({"en_US": "Food", "nl_NL": "Eten"})},
                {"id": 2, "name": json.dumps({"en_US": "Drinks"})},
            ],
        ),
        ("product_template", [_template(key, *dish) for key, dish in enumerate(MENU, start=1)]),
        (
            "pos_category_product_template_rel",
            [
                {"product_template_id": key, "pos_category_id": 1 if dish[3] == "food" else 2}
                for key, dish in enumerate(MENU, start=1)
                if dish[3] != "none"
            ],
        ),
        (
            "product_product",
            [
                {"id": line.product, "product_tmpl_id": template, "active": True,
                 "combination_indices": size, "default_code": f"P{line.product:03}"}
                for template, line, size in PRODUCTS
            ],
        ),
    ]  # fmt: skip


def _variants() -> list[tuple[str, list[Row]]]:
    sized = [key for key, dish in enumerate(MENU, start=1) if dish[4] == "sizes"]
    values = [(n, template, *size) for template in sized for n, size in enumerate(SIZES, start=1)]
    return [
        (
            "product_attribute_value",
            [
                {"id": key, "attribute_id": 1, "name": json.dumps({"en_US": size})}
                for key, (size, _) in enumerate(SIZES, start=1)
            ],
        ),
        (
            "product_template_attribute_value",
            [
                {"id": key, "product_attribute_value_id": key, "attribute_line_id": 1,
                 "product_tmpl_id": template, "attribute_id": 1, "price_extra": extra,
                 "ptav_active": True}
                for key, template, _, extra in values
            ],
        ),
        (
            "product_variant_combination",
            [
                {"product_product_id": line.product,
                 "product_template_attribute_value_id": [size for size, _ in SIZES].index(size) + 1}
                for _, line, size in PRODUCTS
                if size
            ],
        ),
        (
            "ir_property",
            [
                {
                    "id": 2 * line.product + company, "company_id": company, "fields_id": 1,
                    "name": "standard_price", "res_id": f"product.product,{line.product}",
                    "type": "float", "value_float": round(line.price * 0.3, 2),
                }
                for _, line, _ in PRODUCTS
                for company in (BENELUX, AMERICA)
            ],
        ),
    ]  # fmt: skip


def _template(key: int, name: str, dutch: str | None, price: float, goods: str, kind: str) -> Row:
    names = {"en_US": name, **({"nl_NL": dutch} if dutch else {})}
    detailed = {"combo": "combo", "service": "service"}.get(kind, "consu")
    return {
        "id": key, "categ_id": 2 if goods != "none" else 1, "name": json.dumps(names),
        "uom_id": 12 if kind == "weight" else 1, "uom_po_id": 1, "detailed_type": detailed,
        "type": detailed, "list_price": price, "sale_ok": True, "active": True, "tracking": "none",
        "available_in_pos": True, "to_weight": kind == "weight",
    }  # fmt: skip


def _shops() -> list[tuple[str, list[Row]]]:
    return [
        (
            "product_pricelist",
            [
                {"id": company, "currency_id": company, "company_id": company, "active": True,
                 "discount_policy": "with_discount", "name": json.dumps({"en_US": "Default"})}
                for company in (BENELUX, AMERICA)
            ],
        ),
        (
            "pos_payment_method",
            [
                {
                    "id": method(way, company), "sequence": number, "company_id": company,
                    "name": json.dumps(
                        METHOD_NAMES[way] if company == BENELUX
                        else {"en_US": METHOD_NAMES[way]["en_US"]}
                    ),
                    "journal_id": (
                        None if way == "account"
                        else 3 * (company - 1) + (1 if way == "cash" else 2)
                    ),
                    "is_cash_count": way == "cash", "active": True,
                    "split_transactions": way == "account",
                }
                for company in (BENELUX, AMERICA)
                for number, way in enumerate(METHODS)
            ],
        ),
        (
            "pos_config",
            [
                {
                    "id": shop.config, "name": shop.name, "company_id": shop.company,
                    "picking_type_id": shop.config, "picking_policy": "direct", "active": True,
                    "journal_id": 3 * shop.company, "pricelist_id": shop.company,
                    "iface_tax_included": "total" if shop.company == BENELUX else "subtotal",
                    "iface_tipproduct": True, "tip_product_id": BY_NAME[TIP].product,
                    "module_pos_discount": True, "discount_pc": 10.0,
                    "discount_product_id": BY_NAME[DISCOUNT].product,
                }
                for shop in SHOPS
            ],
        ),
    ]  # fmt: skip
