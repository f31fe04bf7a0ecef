"""The lake has what the warehouse has, row by row, after anything that happens to either."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from ingest.lake.catalog import Lake, open_catalog
from ingest.lake.relations import HASH, KEY, MONTH
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import mypizza, query

SYNC = ("lake", "sync")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The lake's folder, whose name nobody has thought of."""
    folder = tmp_path_factory.mktemp("lake") / "my piz#za é+%"
    os.environ["LAKE__URL"] = str(folder)
    yield folder
    del os.environ["LAKE__URL"]


@pytest.fixture(scope="module")
def lake(small_warehouse: Warehouse, place: Path) -> SqlCatalog:
    """The lake's catalog, after the first sync."""
    mypizza(*SYNC)
    return open_catalog(small_warehouse, Lake(url=str(place)))


def plain(value: Any) -> Any:
    """A value as both sides can say it."""
    if isinstance(value, Decimal):
        return value.normalize() if value.is_finite() else None
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return value
    return value


def in_warehouse(warehouse: Warehouse, schema: str, table: str) -> Counter[tuple[Any, ...]]:
    """The rows of a table of the warehouse."""
    rows = query(warehouse, f'select * from "{schema}"."{table}"')
    return Counter(tuple(map(plain, row)) for row in rows)


def in_lake(lake: SqlCatalog, schema: str, table: str) -> Counter[tuple[Any, ...]]:
    """The rows of a table of the lake, without what the lake adds."""
    found = lake.load_table((schema, table)).scan().to_arrow()
    found = found.drop_columns([name for name in (KEY, MONTH, HASH) if name in found.column_names])
    columns = [column.to_pylist() for column in found.columns]
    return Counter(tuple(map(plain, row)) for row in zip(*columns, strict=True))


def is_equal(warehouse: Warehouse, lake: SqlCatalog, *tables: str) -> None:
    for name in tables:
        schema, table = name.split(".")
        here, there = in_warehouse(warehouse, schema, table), in_lake(lake, schema, table)
        assert here == there, (
            name,
            list((here - there).items())[:3],
            list((there - here).items())[:3],
        )


def synced(*options: str) -> dict[str, Any]:
    """What a sync has written, by table."""
    said = json.loads(mypizza(*SYNC, "--json", *options).stdout)
    return {
        f"{one['schema']}.{one['table']}": one["copied"] for one in said["tables"] if one["copied"]
    }


def test_without_a_lake_the_command_says_what_to_write(small_warehouse: Warehouse) -> None:
    assert small_warehouse
    said = mypizza(*SYNC, expect=1, environment={"LAKE__URL": ""}).stderr
    assert said.startswith("There is no lake: write [lake]")


def test_every_table_is_in_the_lake_row_by_row(
    small_warehouse: Warehouse, lake: SqlCatalog
) -> None:
    tables = [
        f"{schema}.{table}"
        for schema, table in query(
            small_warehouse,
            "select relnamespace::regnamespace::text, relname from pg_class"
            " where relkind in ('r', 'p') and not relispartition"
            " and (relnamespace::regnamespace::text ~ '^raw_[a-z]+$'"
            " or relnamespace::regnamespace::text in ('snapshots', 'marts')) order by 1, 2",
        )
        if not schema.endswith("_staging")
    ]
    assert len(tables) > 80
    is_equal(small_warehouse, lake, *tables)


def test_nothing_new_writes_nothing(lake: SqlCatalog) -> None:
    assert lake
    assert synced() == {}


def test_a_load_writes_what_it_brought_and_replaces_what_it_changed(
    small_warehouse: Warehouse, lake: SqlCatalog
) -> None:
    query(
        small_warehouse,
        "update order_lines set quantity = quantity + 1, updated_at = now()"
        " where order_line_id in (select order_line_id from order_lines order by 1 desc limit 3)",
        "till_chicago",
    )
    mypizza("ingest", "pos", expect=None)
    written = synced()
    assert written["raw_pos.order_lines"] == 3
    assert "raw_pos.customers" not in written
    is_equal(small_warehouse, lake, "raw_pos.order_lines", "raw_pos.orders")


def test_what_is_gone_changed_or_widened_in_raw_is_so_in_the_lake(
    small_warehouse: Warehouse, lake: SqlCatalog
) -> None:
    query(small_warehouse, "delete from raw_pos.payments where payment_id % 7 = 0")
    query(small_warehouse, 'alter table raw_pos.products add column "Größe in %" numeric')
    query(small_warehouse, 'update raw_pos.products set "Größe in %" = 12.5 where product_id < 4')
    query(small_warehouse, "update raw_social.posts set text = 'as nobody wrote it'")
    synced()
    is_equal(small_warehouse, lake, "raw_pos.payments", "raw_pos.products")
    # the same number of rows: only a comparison of each finds it
    assert in_lake(lake, "raw_social", "posts") != in_warehouse(
        small_warehouse, "raw_social", "posts"
    )
    assert synced("--all").keys() == {"raw_social.posts"}
    is_equal(small_warehouse, lake, "raw_social.posts")


def test_who_was_erased_is_neither_in_rows_nor_in_files(
    small_warehouse: Warehouse, lake: SqlCatalog, place: Path
) -> None:
    ((branch, person, name),) = query(
        small_warehouse,
        "select branch_id, customer_id, full_name from raw_pos.customers"
        " where full_name is not null order by customer_id limit 1",
    )
    assert any(name in str(row) for row in in_lake(lake, "raw_pos", "customers"))
    mypizza("forget-customer", branch, str(person))
    mypizza(*SYNC, environment={"LAKE__KEEP_DAYS": "0"})
    is_equal(small_warehouse, lake, "raw_pos.customers")
    folder = place / "raw_pos" / "customers"
    files = [file for file in folder.rglob("*") if file.is_file()]
    needed = {
        Path(file["file_path"]).name
        for file in lake.load_table("raw_pos.customers").inspect.all_files().to_pylist()
    }
    assert {file.name for file in files if file.suffix == ".parquet"} == needed
    assert not any(name.encode() in file.read_bytes() for file in files)


def test_killed_at_any_moment_and_run_again_it_is_equal(
    small_warehouse: Warehouse, lake: SqlCatalog
) -> None:
    chance = random.Random(20261128)  # noqa: S311 - moments, not secrets
    command = [sys.executable, "-m", "ingest.cli", *SYNC]
    for _ in range(4):
        query(
            small_warehouse,
            "update order_lines set quantity = quantity + 1, updated_at = now()"
            " where order_line_id % 5 = 0",
            "till_chicago",
        )
        mypizza("ingest", "pos", expect=None)
        process = subprocess.Popen(command, cwd=PROJECT_DIR, stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(1.5, 6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    mypizza(*SYNC, "--wait", "60")
    is_equal(
        small_warehouse, lake, "raw_pos.order_lines", "raw_pos.orders", "raw_pos.payments",
        "raw_pos.customers", "raw_streams.messages",
    )  # fmt: skip


def test_the_blocks_of_the_how_to_are_right(
    small_warehouse: Warehouse, lake: SqlCatalog, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lake
    page = (PROJECT_DIR / "docs" / "how-to" / "read-the-lake.md").read_text("utf-8")
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", page, re.M | re.S)
    monkeypatch.setenv("LAKE", str(place))
    for name, text in small_warehouse.environment.items():
        monkeypatch.setenv(name, text)
    known: dict[str, Any] = {}
    exec(textwrap.dedent("".join(map(textwrap.dedent, blocks))), known)  # noqa: S102 - our own page
    days = "from marts.rpt_branch_days"
    ((sold,),) = query(
        small_warehouse, f"select sum(net_revenue) {days} where branch_id = 'chicago'"
    )
    assert known["sold"]["net_revenue"].sum() == sold
    by_branch = query(small_warehouse, f"select branch_id, sum(net_revenue) {days} group by 1")
    assert dict(known["by_branch"].iter_rows()) == dict(by_branch)
    best = query(small_warehouse, f"select branch_id, max(net_revenue) {days} group by 1")
    assert dict(known["best"]) == dict(best)
