"""The branches of the seed, with what loading needs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from ingest.warehouse import PROJECT_DIR, WarehouseError


@dataclass(frozen=True)
class Branch:
    """What the seed says of a branch.

    Attributes:
        branch_id: its id.
        time_zone: an IANA name.
        opened_on: its first business date.
        cutover_hour: the hour of the clock at which its business date begins.
        minor_unit: how many places its currency has.
    """

    branch_id: str
    time_zone: str
    opened_on: date
    cutover_hour: int
    minor_unit: int

    @property
    def today(self) -> date:
        """The branch's present business date."""
        return self.date_at(datetime.now(UTC))

    def date_at(self, moment: datetime) -> date:
        """Return the branch's business date at a moment, which has a time zone."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        return (local - timedelta(hours=self.cutover_hour)).date()


@cache
def branches() -> Mapping[str, Branch]:
    """Return the branches of seeds/branches.csv, by id."""
    minor_units = {row["currency"]: int(row["minor_unit"]) for row in _seed("currencies")}
    return {
        row["branch_id"]: Branch(
            row["branch_id"],
            row["time_zone"],
            date.fromisoformat(row["opened_on"]),
            int(row["cutover_hour"]),
            minor_units.get(row["currency"], 2),
        )
        for row in _seed("branches")
    }


def _seed(name: str) -> list[dict[str, str]]:
    with (PROJECT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def refuse_unknown(branch_ids: Iterable[str]) -> None:
    """Refuse branches that the seed does not have.

    Args:
        branch_ids: the branches that were asked for.

    Raises:
        WarehouseError: there is no such branch.
    """
    for branch_id in branch_ids:
        if branch_id not in branches():
            raise WarehouseError(
                f"There is no branch {branch_id!r} in seeds/branches.csv (known: "
                f"{', '.join(branches())})."
            )
