"""The sample company's bucket: stock counts, deliveries, the export of Lyon's till, reviews."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest import warehouse as warehouse_module
from ingest.warehouse import Warehouse
from sample import company, export, reviews, stock


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


def folder() -> Path:
    """Return the bucket's folder, below the warehouse's."""
    return warehouse_module.warehouse_dir() / "sample" / "bucket"


def create(warehouse: Warehouse, prefix: str = "till_", bucket: Path | None = None) -> Bucket:
    """Write the files of all days that the tills have traded; those that are there stay.

    Args:
        warehouse: the server that the tills are on.
        prefix: of the tills' names, before the branch id.
        bucket: its folder; default the sample's.

    Returns:
        What was written.

    Raises:
        WarehouseError: a till is missing or was never completed.
    """
    started = time.monotonic()
    bucket = bucket or folder()
    branches = company.branches_of(warehouse, prefix)
    last_day = company.last_day(warehouse, prefix)
    marker = bucket / ".complete"
    before = date.fromisoformat(marker.read_text()) if marker.exists() else date.max
    written = 0
    if before != last_day:
        kitchens = [stock.Kitchen(warehouse, prefix, branch_id) for branch_id in branches]
        with ThreadPoolExecutor() as pool:
            for files in pool.map(lambda kitchen: kitchen.files(last_day), kitchens):
                for day, name, content in files:
                    written += _write(bucket / name, content, day >= before)
        for day, name, content in export.files(last_day):
            written += _write(bucket / name, content, day >= before)
    # a bucket of an earlier release has no dumps
    if before != last_day or not (bucket / "reviews").exists():
        dump = reviews.dump(warehouse, prefix, branches, last_day)
        written += sum(_write(bucket / name, content, True) for name, content in dump.items())
        _replace(marker, str(last_day).encode())
    return Bucket(bucket, last_day, written, time.monotonic() - started)


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
