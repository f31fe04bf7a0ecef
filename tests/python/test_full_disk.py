"""A disk that is full stops a load or a build in one sentence, and leaves nothing half done.

The warehouse's tables stand on a small disk of their own (a tmpfs), the tills do not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ingest import warehouse as warehouse_module
from ingest.warehouse import Warehouse
from sample import company
from tests.python.commands import mypizza, sample, settings
from tests.python.conftest import SMALL

DISK_MEGABYTES = 300
TABLES = {
    "fct_orders": ("orders", "order_id"),
    "fct_order_lines": ("order_lines", "order_line_id"),
    "fct_payments": ("payments", "payment_id"),
}


@dataclass(frozen=True)
class Disk:
    """A warehouse whose tables stand on a small disk."""

    warehouse: Warehouse
    folder: Path

    def fill(self, but_megabytes: float) -> None:
        """Fill the disk up, but for so much."""
        free = os.statvfs(self.folder)
        size = free.f_bavail * free.f_frsize - int(but_megabytes * 2**20)
        with self.filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def make_room(self) -> None:
        """Take the filling away."""
        self.filler.unlink()

    @property
    def filler(self) -> Path:
        """The file that fills the disk."""
        return self.folder / "filler"

    def mypizza(self, *arguments: str) -> tuple[int, str]:
        """Run a command, and return its exit code and what it said."""
        done = mypizza(*arguments, expect=None, environment={"COLUMNS": "400"})
        return done.returncode, done.stdout + done.stderr

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with self.warehouse.connect() as connection:
            return connection.execute(statement.encode()).fetchall()

    def unequal(self, *, with_marts: bool = True) -> list[str]:
        """Compare the ids and versions of all rows between tills, raw layer and marts."""
        found = []
        for branch_id in company.branches_of(self.warehouse):
            for mart, (table, key) in TABLES.items():
                with self.warehouse.connect(f"till_{branch_id}") as till:
                    at_till = till.execute(
                        f"select {key}::text, updated_at from {table} order by 1".encode()
                    ).fetchall()
                in_raw = self.query(
                    f"select {key}::text, updated_at from raw_pos.{table}"
                    f" where branch_id = '{branch_id}' and _deleted_at is null order by 1"
                )
                in_marts = [row[:1] for row in at_till]
                if with_marts:
                    in_marts = self.query(
                        f"select {key} from marts.{mart} where branch_id = '{branch_id}' order by 1"
                    )
                if at_till != in_raw or [row[:1] for row in at_till] != in_marts:
                    found.append(f"{branch_id}.{table}")
        return found


@pytest.fixture(scope="module")
def disk(small_warehouse: Warehouse) -> Iterator[Disk]:
    """The published small company, moved to a small disk."""
    warehouse = small_warehouse
    folder = warehouse_module.warehouse_dir() / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        [
            shutil.which("mount") or "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={DISK_MEGABYTES}m",
            "tmpfs",
            str(folder),
        ],
        capture_output=True,
    )
    if mounted.returncode != 0 and not os.environ.get("CI"):
        pytest.skip("Only root may mount a small disk; in CI the tests run as root.")
    assert mounted.returncode == 0, mounted.stderr
    try:
        space = folder / "space"
        space.mkdir()
        warehouse_module.let_others_pass(space / "x")
        if user := warehouse_module.system_user():
            shutil.chown(space, user)
        admin = replace(
            warehouse, user="postgres", database="postgres",
            password=warehouse_module.read_connection().admin_password,
        )  # fmt: skip
        with admin.connect() as connection:
            connection.execute(f"create tablespace small location '{space}'".encode())
            connection.execute("alter database mypizza set tablespace small")
        yield Disk(warehouse, folder)
        warehouse_module.stop()
    finally:
        subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=False)


def test_a_load_on_a_full_disk_says_so_and_is_made_good(disk: Disk) -> None:
    with settings().joinpath("config.toml").open("a") as config:
        config.write("\n[sources.pos.tills.honolulu]\n")
    sample("start", *(word for branch in (*SMALL, "honolulu") for word in ("--branch", branch)))
    # While rows are copied, and while they are indexed.
    for megabytes in (1, 3):
        disk.fill(but_megabytes=megabytes)
        code, said = disk.mypizza("ingest", "pos", "--branch", "honolulu")
        assert code == 1
        assert "The disk of the warehouse is full" in said
        assert "free some space and run again" in said
        assert "Traceback" not in said
        disk.make_room()

    code, said = disk.mypizza("ingest", "pos")

    assert code == 0, said
    assert disk.unequal(with_marts=False) == []


def test_a_build_on_a_full_disk_leaves_the_published_marts(disk: Disk) -> None:
    published = disk.query("select count(*), sum(tax_amount) from marts.fct_orders")
    company.advance(disk.warehouse, days=1)
    assert disk.mypizza("ingest", "pos")[0] == 0
    disk.fill(but_megabytes=3)

    code, said = disk.mypizza("run", "--no-docs", "--full-refresh")
    print(said)

    assert code == 1
    # where nothing at all is left, the server takes no new connection and the run ends with that
    assert re.search("The disk of the warehouse( at [^ ]+)? is full", said)
    assert "The published version stays." in said
    assert "Traceback" not in said
    disk.make_room()
    assert disk.query("select count(*), sum(tax_amount) from marts.fct_orders") == published

    code, said = disk.mypizza("run", "--no-docs")

    assert code == 0, said
    assert disk.unequal() == []
