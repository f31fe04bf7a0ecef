"""How often the rule for a sensor's jumps is right: on a published series with known anomalies.

    python -m benchmarks.jumps FILE --value data --label label --minutes 60

It is the recount of the tests, which is equal to `fct_sensor_incidents`.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from tests.python.sensor_recount import Reading, jumps, usual

BEGIN = datetime(2016, 1, 1, tzinfo=UTC)
DEVICE = {"device_id": "series", "lowest_value": "", "highest_value": ""}
NEAR = 3
"""An anomaly is found by a jump that is so many readings away from it at most."""


def measure(
    file: Path,
    value: Annotated[str, typer.Option(help="The column of values.")],
    label: Annotated[str, typer.Option(help="The column that is 1 where there is an anomaly.")],
    minutes: Annotated[int, typer.Option(help="From one value to the next.")],
) -> None:
    """Say how many anomalies of a series are found, and how many jumps are false alarms."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    series = [
        Reading(DEVICE, BEGIN + timedelta(minutes=minutes * number), said, said)
        for number, row in enumerate(rows)
        for said in [Decimal(row[value])]
    ]
    labelled = groupby(range(len(rows)), lambda number: float(rows[number][label]) > 0)
    anomalies = [list(numbers) for is_anomaly, numbers in labelled if is_anomaly]
    found = [numbers for numbers, _ in jumps(series)]

    def meet(one: list[int], other: list[int]) -> bool:
        return one[0] - NEAR <= other[-1] and other[0] - NEAR <= one[-1]

    caught = sum(any(meet(each, jump) for jump in found) for each in anomalies)
    false = sum(not any(meet(each, jump) for each in anomalies) for jump in found)
    days = len(usual(series))
    print(
        f"{caught} of {len(anomalies)} anomalies; {false} false alarms in {days} days, "
        f"{30 * false / days:.1f} a month"
    )


if __name__ == "__main__":
    typer.run(measure)
