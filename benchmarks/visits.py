"""Part j: what the daily visit of a till costs where no column says what has changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load import TILL, load_till, make_till
from benchmarks.server import Grid, Part, Ratio, Server, spread
from ingest.warehouse import PROJECT_DIR

HERE = Path(__file__).parent
KEYS = PROJECT_DIR / "sample" / "till_keys.sql"
DAYS = 400
WAYS = {"with a change column": (), "without one": ("--without-change-column",)}


def daily_visits(folder: Path, lines: int, repeats: int) -> Part:
    """Part j: visit a till after a day of trade, with and without its change column.

    Args:
        folder: where the servers may live.
        lines: order lines of the till, of 400 days.
        repeats: days, visited in turns.

    Returns:
        The ratio of the two, and where the time goes.
    """
    per_day = lines // 2 // DAYS
    opened = f"{datetime.now(UTC) - timedelta(days=DAYS + repeats + 3):%Y-%m-%d}T00:00Z"
    visits: dict[str, list[dict[str, Any]]] = {}
    servers = {way: Server(folder / f"visits-{number}") for number, way in enumerate(WAYS)}

    def trade(server: Server, first: int, last: int) -> None:
        variables = {"opened": opened, "per_day": per_day, "first": first, "last": last}
        arguments = [word for key, value in variables.items() for word in ("-v", f"{key}={value}")]
        script = (HERE / "visit.sql").read_text(encoding="utf-8")
        server.psql(*arguments, database=TILL, script=script)

    for way, server in servers.items():
        make_till(server, KEYS.read_text())
        trade(server, 1, DAYS * per_day)
        load_till(server, *WAYS[way], "--compare")
    for day in range(DAYS, DAYS + repeats + 1):
        for way, server in servers.items():
            trade(server, day * per_day + 1, (day + 1) * per_day)
            visit = load_till(server, *WAYS[way], "--compare")
            if visit["healed"]:
                raise RuntimeError(f"{way}: the visit missed what the comparison then found")
            if day > DAYS:  # the first also makes the tables of a merge
                visits.setdefault(way, []).append(visit)
    for server in servers.values():
        server.stop()
    total = {
        way: [visit["seconds"] + visit["analyze"] + visit["index"] + visit["compare"]
              for visit in found]
        for way, found in visits.items()
    }  # fmt: skip
    rows = [
        (way, spread(total[way]), *(spread([visit[step] for visit in found])
                                    for step in ("seconds", "compare")))
        for way, found in visits.items()
    ]  # fmt: skip
    grid = Grid(
        f"j. The visit after a day of trade, of a till of {lines:,} order lines",
        ("the till", "seconds, best / median", "of it reading", "of it comparing"),
        rows,
        f"The same till of {DAYS} days, as it is declared and without its change columns. A day is "
        f"{per_day:,} orders, with their lines and payments, and some corrections of the day "
        "before. Reading, indexes, statistics, and comparing the last 35 days; in turns, without "
        "start-up. The weekly comparison of all days is not in it.",
    )
    without, with_one = total["without one"], total["with a change column"]
    return Part(
        [Ratio("j", f"daily visit without / with a change column, {lines:,} lines",
               median(without) / median(with_one), 2, "x",
               f"{median(without):.2f} s / {median(with_one):.2f} s, medians of {repeats}")],
        [grid],
    )  # fmt: skip
