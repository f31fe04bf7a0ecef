"""The kitchens of the sample company: what is delivered, used up and counted, and its files.

The stock follows what the tills sold, by the recipes in seeds/: what is there in the morning, plus
what the wholesaler brings, minus what the pizzas took, what spoils and now and then a loss that
nobody explains, is counted at night. Same seed, same tills: same files.

Counts are kept of the last nights of the published year, before them of each month's last night.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.warehouse import PROJECT_DIR, Warehouse
from sample import company
from sample.database import connect

SEEDS = PROJECT_DIR / "seeds"
SOLD = Path(__file__).parent / "sold.sql"
COUNTED_NIGHTLY_FROM = date(2015, 11, 1)
DELIVERY_WEEKDAYS = (0, 3)
COUNTERS = ("Ana", "Zoë", "Mehmet", "José", "Bình", "Ольга")
POUNDS = "chicago"  # the branch that weighs in pounds
NOTES = (
    "",
    "",
    "",
    "",
    "tray dropped, ask Ana",
    'new supplier: "organic"',
    "counted twice\nfirst count was wrong",
)

Stock = dict[str, float]
"""A quantity per ingredient, in the ingredient's own unit."""


@dataclass(frozen=True)
class Ingredient:
    """What the seed says of an ingredient."""

    ingredient_id: str
    unit: str
    unit_cost: float
    shelf_life_days: int


@dataclass(frozen=True)
class Night:
    """One business date of a branch's kitchen.

    Attributes:
        day: the business date.
        delivered: what the wholesaler brought in the morning.
        counted: what was there at night.
    """

    day: date
    delivered: Stock
    counted: Stock


@dataclass(frozen=True)
class Kitchen:
    """A branch's kitchen, which uses up what its till sells.

    Attributes:
        warehouse: the server that the till is on.
        prefix: of the till's name, before the branch id.
        branch_id: the branch.
    """

    warehouse: Warehouse
    prefix: str
    branch_id: str

    def files(self, last_day: date) -> list[tuple[date, str, bytes]]:
        """Return the files of all business dates, each with its day and name.

        Args:
            last_day: the newest business date that all branches have traded on.
        """
        ingredients, used = _ingredients(), self.used()
        index = company.branch_ids().index(self.branch_id)
        return [
            (night.day, name, content)
            for night in _nights(self.branch_id, ingredients, used, last_day)
            for name, content in _stock_files(self.branch_id, index, night, ingredients, last_day)
        ]

    def used(self) -> dict[date, Stock]:
        """Return what the branch's pizzas took, per business date, by its till."""
        uses = _recipes()
        used: dict[date, Stock] = defaultdict(lambda: defaultdict(float))
        with connect(self.warehouse, self.prefix + self.branch_id) as connection:
            for day, product_name, size, quantity in connection.execute(SOLD.read_bytes()):
                for ingredient_id, amount in uses[product_name, size].items():
                    used[day][ingredient_id] += float(quantity) * amount
        return used


def _nights(
    branch_id: str, ingredients: Sequence[Ingredient], used: Mapping[date, Stock], last_day: date
) -> Iterator[Night]:
    """Let a kitchen work through its days."""
    day = min(used)
    stock: Stock = {}
    weeks = [used.get(day + timedelta(days=offset), {}) for offset in range(14)]
    while day <= last_day:
        luck = Random(f"{company.SEED}-{branch_id}-{day}")  # noqa: S311 - the same dice each time
        delivered: Stock = {}
        counted: Stock = {}
        taken = used.get(day, {})
        for item in ingredients:
            there = stock.get(item.ingredient_id, 0.0)
            if day.weekday() in DELIVERY_WEEKDAYS or not stock:
                daily = sum(past.get(item.ingredient_id, 0.0) for past in weeks) / len(weeks)
                missing = 7 * daily - there
                if luck.random() < 0.02:  # the wholesaler is out of it, all but
                    missing *= 0.3
                if missing > 0:
                    delivered[item.ingredient_id] = round(missing + 0.25, 1)
            there += delivered.get(item.ingredient_id, 0.0)
            there -= taken.get(item.ingredient_id, 0.0)
            there *= 1 - luck.random() * (0.03 if item.shelf_life_days < 10 else 0.004)
            if luck.random() < 0.003:  # nobody knows where it went
                there *= 0.75 + 0.15 * luck.random()
            # what no pizza has needed yet is not in the kitchen, and so is not counted
            if (
                delivered.get(item.ingredient_id)
                or taken.get(item.ingredient_id)
                or (item.ingredient_id in stock)
            ):
                counted[item.ingredient_id] = round(max(there, 0.0), 3)
        weeks = [*weeks[1:], taken] if taken else weeks
        stock = counted
        yield Night(day, delivered, counted)
        day += timedelta(days=1)


def _stock_files(
    branch_id: str,
    branch_index: int,
    night: Night,
    ingredients: Sequence[Ingredient],
    last_day: date,
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of one night: the delivery's, and the count's if it was counted and came."""
    kinds = {item.ingredient_id: item for item in ingredients}
    if night.delivered:
        yield (
            f"stock/deliveries/{branch_id}/{night.day}.parquet",
            _delivery(branch_id, night, kinds),
        )
    is_counted = night.day >= COUNTED_NIGHTLY_FROM or (night.day + timedelta(days=1)).day == 1
    # Since the company trades on: some counts come a day late, some are corrected a day later.
    turn = night.day.toordinal() + branch_index
    is_fresh = night.day == last_day and night.day.year > 2015
    if is_counted and not (is_fresh and turn % 7 == 3):
        is_wrong = is_fresh and turn % 5 == 1
        yield (
            f"stock/counts/{branch_id}/{night.day}.csv",
            _count(
                branch_id, night, kinds, is_wrong, turn % 29 == 1 or (is_fresh and turn % 5 == 2)
            ),
        )


def _delivery(branch_id: str, night: Night, kinds: Mapping[str, Ingredient]) -> bytes:
    luck = Random(f"{company.SEED}-price-{branch_id}-{night.day}")  # noqa: S311 - dice
    rows = []
    for ingredient_id, quantity in night.delivered.items():
        kind = kinds[ingredient_id]
        price = kind.unit_cost * (0.95 + 0.1 * luck.random())
        rows.append(
            {
                "delivery_id": f"{branch_id}-{night.day:%Y%m%d}",
                "ingredient": ingredient_id,
                "quantity": Decimal(f"{quantity:.3f}"),
                "unit": kind.unit,
                "unit_price": Decimal(f"{price:.4f}"),
                "currency": "USD",
                "best_before": night.day + timedelta(days=kind.shelf_life_days),
            }
        )
    schema = pa.schema(
        [
            ("delivery_id", pa.string()),
            ("ingredient", pa.string()),
            ("quantity", pa.decimal128(12, 3)),
            ("unit", pa.string()),
            ("unit_price", pa.decimal128(12, 4)),
            ("currency", pa.string()),
            ("best_before", pa.date32()),
        ]
    )
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _count(
    branch_id: str, night: Night, kinds: Mapping[str, Ingredient], is_wrong: bool, has_reject: bool
) -> bytes:
    luck = Random(f"{company.SEED}-count-{branch_id}-{night.day}")  # noqa: S311 - dice
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("ingredient", "counted quantity", "unit", "counted by", "note"))
    counter = COUNTERS[int(luck.random() * len(COUNTERS))]
    slip = int(luck.random() * len(night.counted))
    for position, (ingredient_id, quantity) in enumerate(night.counted.items()):
        unit, shown = kinds[ingredient_id].unit, f"{quantity:.3f}"
        if unit == "kg" and branch_id == POUNDS:
            unit, shown = "lb", f"{quantity / 0.45359237:.2f}"
        if is_wrong and position == slip:  # a slip of the decimal point, corrected the day after
            shown = shown.replace(".", "")
        note = NOTES[int(luck.random() * len(NOTES))] if luck.random() < 0.05 else ""
        writer.writerow((ingredient_id, shown, unit, counter, note))
    if has_reject:  # typed in by hand, with one comma too many
        text.write(f"red_onions,2,5,kg,{counter},found another bag\n")
    return text.getvalue().encode()


def _ingredients() -> list[Ingredient]:
    return [
        Ingredient(
            row["ingredient_id"], row["unit"], float(row["unit_cost"]), int(row["shelf_life_days"])
        )
        for row in _seed("ingredients")
    ]


def _recipes() -> dict[tuple[str, str], Stock]:
    """Return what each product takes of each ingredient, in the ingredient's own unit."""
    units = {row["ingredient_id"]: row["unit"] for row in _seed("ingredients")}
    factors = {
        (row["from_unit"], row["to_unit"]): float(row["factor"])
        for row in _seed("unit_conversions")
    }
    recipes: dict[tuple[str, str], Stock] = defaultdict(dict)
    for row in _seed("recipes"):
        factor = factors[row["unit"], units[row["ingredient_id"]]]
        recipes[row["product_name"], row["size"]][row["ingredient_id"]] = (
            float(row["quantity"]) * factor
        )
    return recipes


def _seed(name: str) -> list[dict[str, Any]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
