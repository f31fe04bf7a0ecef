"""The export of a branch whose till can only export, in the French style: Lyon's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from sample import company

LYON = "lyon"
LYON_OPENED = date(2016, 1, 2)
"""After the published year, whose figures stay what they are; its export is a month ahead."""

LYON_AHEAD = timedelta(days=31)
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


def files(last_day: date) -> Iterator[tuple[date, str, bytes]]:
    """Yield what the till in Lyon has exported: each business date's lines and its totals.

    Args:
        last_day: the newest business date of the other branches; Lyon is a month ahead.

    Yields:
        The other branches' date on that day, the file's name and its content.
    """
    day = LYON_OPENED
    while day <= last_day + LYON_AHEAD:
        if (day.month, day.day) != (1, 1):
            for name, content in _day(day, last_day + LYON_AHEAD):
                yield day - LYON_AHEAD, name, content
        day += timedelta(days=1)


def _day(day: date, last_day: date) -> Iterator[tuple[str, bytes]]:
    """Yield the two files of one business date."""
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
