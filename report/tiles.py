"""The tiles of the report: one figure each, beside that of the period before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text", "date", "month", "time", "count", "money", "share", "change", "number", "minutes"
]
"""What a value is, and so how people write it."""

NUMBERS = {"money", "count", "number", "share", "change", "minutes"}
"""The kinds that are numbers."""


@dataclass(frozen=True)
class Tile:
    """One figure of the chosen branch and period, beside that of the period before.

    Attributes:
        name: its column in queries/figures.sql.
        section: where it stands.
        label: what people call it.
        kind: how it is written.
        better: whether more of it is good (`up`), bad (`down`) or neither.
        note: its formula, in words.
    """

    name: str
    section: str
    label: str
    kind: Kind
    better: Literal["up", "down", ""]
    note: str


TILES = (
    Tile("net_revenue", "trading", "Net revenue", "money", "up",
         "after discounts and refunds, without tax"),
    Tile("orders", "trading", "Orders", "count", "up", "not cancelled"),
    Tile("average_order", "trading", "Average order", "money", "up",
         "revenue before refunds, per order"),
    Tile("refund_share", "trading", "Refunds", "share", "down", "of the revenue before refunds"),
    Tile("discount_share", "trading", "Discounts", "share", "", "of the gross revenue"),
    Tile("units", "menu", "Items sold", "count", "up", "such as pizzas"),
    Tile("units_per_order", "menu", "Items per order", "number", "up",
         "of orders not cancelled"),
    Tile("unit_revenue", "menu", "Revenue per item", "money", "up",
         "after discounts, before refunds"),
    Tile("new_guests", "guests", "New guests", "count", "up",
         "known customers on their first visit"),
    Tile("returning_guests", "guests", "Returning guests", "count", "up",
         "who came again, each counted once"),
    Tile("returning_share", "guests", "Returning share", "share", "up",
         "of all known guests of the period"),
    Tile("complaints", "guests", "Complaints", "count", "down",
         "tickets about orders of the period"),
    Tile("complaint_rate", "guests", "Complaint rate", "number", "down",
         "complaints per 1,000 orders"),
    Tile("first_response", "guests", "First response", "minutes", "down",
         "on average, of all tickets"),
    Tile("positive_share", "guests", "Posts that praise", "share", "up",
         "of those whose sentiment is known"),
    Tile("food_cost_share", "kitchen", "Food cost", "share", "down",
         "of the net revenue, by recipe and delivery price"),
    Tile("waste_share", "kitchen", "Waste", "share", "down",
         "of the food cost: unexplained loss"),
    Tile("waste", "kitchen", "Waste amount", "money", "down", "by the stock counts"),
    Tile("stock_out_share", "kitchen", "Stock-outs", "share", "down",
         "of all ingredients and days"),
)  # fmt: skip
"""All tiles, in the order in which they are shown."""
