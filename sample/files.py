"""The sample company's bucket: stock counts, deliveries, and a till that can only export.

The stock follows what the tills sold, by the recipes in seeds/: what is there in the morning, plus
what the wholesaler brings, minus what the pizzas took, what spoils and now and then a loss that
nobody explains, is counted at night. Same seed, same tills: same files.

Counts are kept of the last nights of the published year, before them of each month's last night.
"""

from __future__ import annotations

import csv
import io
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse
from sample import company

SEEDS = PROJECT_DIR / "seeds"
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

LYON = "lyon"
LYON_OPENED = date(2016, 1, 2)
"""After the published year, whose figures stay what they are; its export is a month ahead."""

LYON_AHEAD = timedelta(days=31)
CUTOVER_HOUR = 4
ARTICLES = (
    ("Margherita", "11,90"),
    ("Reine", "13,50"),
    ("Quatre fromages", "14,20"),
    ("Lyonnaise", "15,00"),
    ("Savoyarde", "15,90"),
    ("Végétarienne", "12,80"),
    ("Calzone", "14,50"),
    ("Œuf cocotte", "13,90"),
    ("Eau minérale 50 cl", "2,50"),
    ("Café", "0,90"),
    (".", "1,00"),
)
PAYMENTS = ("carte", "carte", "carte", "espèces", "ticket restaurant")

SOLD = """
select
    cast(
        timezone(settings.time_zone, orders.ordered_at)
        - make_interval(hours => settings.cutover_hour) as date
    ) as business_date,
    products.product_name,
    products.size,
    sum(order_lines.quantity)
from orders
inner join order_lines on orders.order_id = order_lines.order_id
inner join products on order_lines.product_id = products.product_id
cross join company.settings
where orders.status <> 'cancelled'
group by 1, 2, 3
"""

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
    """A business day in a branch's kitchen.

    Attributes:
        day: the business date.
        delivered: what the wholesaler brought in the morning.
        counted: what was there at night.
    """

    day: date
    delivered: Stock
    counted: Stock


@dataclass(frozen=True)
class Bucket:
    """What stands in the bucket.

    Attributes:
        folder: where it is.
        last_day: the newest business date in it.
        written: files that were new or changed.
        seconds: wall time.
    """

    folder: Path
    last_day: date
    written: int
    seconds: float


def create(warehouse: Warehouse, prefix: str = "till_", folder: Path | None = None) -> Bucket:
    """Write the files of all days that the tills have traded; those that are there stay.

    Args:
        warehouse: the server that the tills are on.
        prefix: of the tills' names, before the branch id.
        folder: the bucket; default the sample's, below the warehouse's folder.

    Returns:
        What was written.

    Raises:
        WarehouseError: a till is missing or was never completed.
    """
    started = time.monotonic()
    folder = folder or warehouse_module.warehouse_dir() / "sample" / "bucket"
    branches = company.branch_ids()
    last_day = min(company.newest_day(warehouse, prefix + branch_id) for branch_id in branches)
    marker = folder / ".complete"
    before = date.fromisoformat(marker.read_text()) if marker.exists() else date.max
    if before == last_day:
        return Bucket(folder, last_day, 0, time.monotonic() - started)
    ingredients, uses = _ingredients(), _recipes()
    with ThreadPoolExecutor() as pool:
        sold = pool.map(lambda id_: _sold(warehouse, prefix + id_, uses), branches)
        written = 0
        for index, (branch_id, used) in enumerate(zip(branches, sold, strict=True)):
            for night in _nights(branch_id, ingredients, used, last_day):
                for name, content in _stock_files(branch_id, index, night, ingredients, last_day):
                    written += _write(folder / name, content, night.day >= before)
    day = LYON_OPENED
    while day <= last_day + LYON_AHEAD:
        for name, content in _export(day, last_day + LYON_AHEAD):
            written += _write(folder / name, content, day - LYON_AHEAD >= before)
        day += timedelta(days=1)
    _replace(marker, str(last_day).encode())
    return Bucket(folder, last_day, written, time.monotonic() - started)


def _sold(
    warehouse: Warehouse, database: str, uses: Mapping[tuple[str, str], Stock]
) -> dict[date, Stock]:
    """Return what a branch's pizzas took, per business day, by its till."""
    used: dict[date, Stock] = defaultdict(lambda: defaultdict(float))
    with company.connect(warehouse, database) as connection:
        for day, product_name, size, quantity in connection.execute(SOLD):
            for ingredient_id, amount in uses[product_name, size].items():
                used[day][ingredient_id] += float(quantity) * amount
    return used


def _nights(
    branch_id: str,
    ingredients: Sequence[Ingredient],
    used: Mapping[date, Stock],
    last_day: date,
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
    branch_id: str,
    night: Night,
    kinds: Mapping[str, Ingredient],
    is_wrong: bool,
    has_reject: bool,
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


def _export(day: date, last_day: date) -> Iterator[tuple[str, bytes]]:
    """Yield what the till in Lyon exports of one business day: its lines and its totals."""
    if (day.month, day.day) == (1, 1):
        return
    luck = Random(f"{company.SEED}-{LYON}-{day}")  # noqa: S311 - dice
    ordinal = (day - LYON_OPENED).days
    tickets = 14 + int(10 * luck.random()) + (9 if day.weekday() >= 4 else 0)
    lines: list[Sequence[str]] = []
    sales, refunds, numbers = Decimal(0), Decimal(0), set()
    for position in range(tickets):
        number = f"{ordinal * 100 + position:06d}"
        numbers.add(number)
        noon = position < tickets // 3
        minute = (690 if noon else 1110) + int(
            (150 if noon else 270) * (position % (tickets // 3 + 1)) / (tickets // 3 + 1)
        )
        if day.weekday() == 5 and position >= tickets - 2:
            minute = 1440 + 7 * (position - tickets + 3)  # after midnight, still Saturday's
        moment = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
        payment = PAYMENTS[int(luck.random() * len(PAYMENTS))]
        for _ in range(1 + int(3 * luck.random())):
            article, price = ARTICLES[int(luck.random() * len(ARTICLES))]
            quantity = 1 + int(1.3 * luck.random())
            lines.append(_line(moment, number, article, quantity, price, payment))
            sales += quantity * _decimal(price)
            if luck.random() < 0.02:  # taken back at once
                lines.append(_line(moment, number, article, -quantity, price, payment))
                refunds += quantity * _decimal(price)
    if ordinal % 9 == 4:  # somebody comes back for the money of another day's ticket
        article, price = ARTICLES[ordinal % 8]
        earlier = f"{(ordinal - 1) * 100 + 3:06d}"
        moment = datetime.combine(day, datetime.min.time()) + timedelta(hours=21, minutes=40)
        lines.append(_line(moment, earlier, article, -1, price, "espèces"))
        refunds += _decimal(price)
    if day == last_day > LYON_OPENED + LYON_AHEAD:  # keyed in wrongly, until tomorrow
        lines[0] = (*lines[0][:-1], "chèque")
    header = ("date", "heure", "ticket", "article", "quantité", "prix unitaire", "mode de paiement")
    if ordinal % 4 == 0:  # the printer's page ends
        lines.insert(len(lines) // 2, header)
    text = "".join(";".join(line) + "\r\n" for line in (header, *lines))
    if ordinal % 5 == 0:  # cut off while the next day's first line was written
        text += f"{day + timedelta(days=1):%d/%m/%Y};11:"
    yield f"exports/lyon/ventes_{day}.csv", text.encode("utf-8-sig")
    count = sum(1 for line in lines if line != header)
    totals = (f"{day:%d/%m/%Y}", str(len(numbers)), str(count), _euros(sales), _euros(refunds))
    titles = ("date", "tickets", "lignes", "total des ventes", "total des remboursements")
    text = "".join(";".join(line) + "\r\n" for line in (titles, totals))
    yield f"exports/lyon/cloture_{day}.csv", text.encode("utf-8-sig")


def _line(
    moment: datetime, ticket: str, article: str, quantity: int, price: str, payment: str
) -> Sequence[str]:
    day, clock = f"{moment:%d/%m/%Y}", f"{moment:%H:%M}"
    return day, clock, ticket, article, str(quantity), f"{price} €", payment


def _decimal(price: str) -> Decimal:
    return Decimal(price.replace(",", "."))


def _euros(amount: Decimal) -> str:
    """Write an amount as the French do: 1 234,50 €, with a narrow space."""
    return f"{amount:,.2f} €".replace(",", "\u202f").replace(".", ",")


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


def _write(path: Path, content: bytes, may_change: bool) -> int:
    """Write a file that is missing, or one that may have changed and has; say whether."""
    if path.exists() and not (may_change and path.read_bytes() != content):
        return 0
    _replace(path, content)
    return 1


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)
