"""The sample company's bucket keeps its promises: one seed one bucket, stock that follows sales."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ingest.loads import driver
from ingest.loads.source import LoadResult
from ingest.sources.registry import chosen
from ingest.warehouse import Warehouse
from sample import company, files
from sample.stock import Kitchen
from tests.python.commands import connect_sample

STOCK = """
with counts as (
    select
        branch_id,
        cast(substring(_file_name from '\\d{4}-\\d\\d-\\d\\d') as date) as night,
        ingredient,
        cast(counted_quantity as numeric)
        * case unit when 'lb' then 0.45359237 else 1 end as counted
    from raw_files.stock_counts
    where _reject is null and _deleted_at is null
),

delivered as (
    select
        branch_id,
        cast(substring(_file_name from '\\d{4}-\\d\\d-\\d\\d') as date) as morning,
        ingredient,
        cast(quantity as numeric) as quantity
    from raw_files.stock_deliveries
    where _deleted_at is null
)

select
    opening.branch_id,
    opening.ingredient,
    opening.counted as opening,
    closing.counted as closing,
    coalesce(
        (
            select sum(quantity) from delivered
            where
                delivered.branch_id = opening.branch_id
                and delivered.ingredient = opening.ingredient
                and morning > opening.night and morning <= closing.night
        ),
        0
    ) as delivered
from counts as opening
inner join counts as closing
    on
        opening.branch_id = closing.branch_id
        and opening.ingredient = closing.ingredient
        and closing.night = date '2015-12-31'
where opening.night = date '2015-11-30'
"""


class World(NamedTuple):
    """The sample company with its bucket loaded: as published, and after each of three days."""

    warehouse: Warehouse
    folder: Path
    first: files.Bucket
    published: dict[str, str]
    loads: list[list[LoadResult]]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with self.warehouse.connect() as connection:
            return connection.execute(statement.encode()).fetchall()


def hashes(folder: Path) -> dict[str, str]:
    """Return a hash of every file, by its name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def world(warehouse: Warehouse) -> World:
    """A company that has traded on for three days, loaded after each."""
    company.create(warehouse)
    first = files.create(warehouse)
    published = hashes(first.folder)
    connect_sample(warehouse)
    loads = [driver.run(warehouse, chosen(["files"]))]
    for _ in range(3):
        company.advance(warehouse, 1)
        files.create(warehouse)
        loads.append(driver.run(warehouse, chosen(["files"])))
    return World(warehouse, first.folder, first, published, loads)


def test_the_same_tills_and_seed_give_the_same_bucket(world: World, tmp_path: Path) -> None:
    files.create(world.warehouse, bucket=tmp_path)
    again = hashes(tmp_path)
    # what is corrected a day later stands there corrected at once
    published = {
        name: content for name, content in world.published.items() if "2015-12-31" not in name
    }
    assert {name: again[name] for name in published} == published
    assert files.create(world.warehouse, bucket=tmp_path).written == 0


def test_the_published_year_takes_less_than_five_seconds(world: World) -> None:
    assert world.first.last_day == date(2015, 12, 31)
    assert world.first.written == len(world.published) > 800
    assert world.first.seconds < 5


def test_every_load_succeeds_and_the_export_equals_its_totals_every_day(world: World) -> None:
    problems = [load.error for loads in world.loads for load in loads if load.error]
    assert problems == []
    ((days, figures, different),) = world.query(
        "select count(distinct business_date), count(*), count(nullif(difference, 0))"
        " from audit.reconciliation where source = 'files' and branch_id = 'lyon'"
    )
    # from its opening to the end of January, and three days on
    assert (days, figures, different) == (30 + 3, 4 * 33, 0)


def test_stock_is_what_was_there_and_came_less_what_the_pizzas_took(world: World) -> None:
    wrong, compared, losses = [], 0, 0
    used = {
        branch_id: Kitchen(world.warehouse, "till_", branch_id).used()
        for branch_id in company.branch_ids()
    }
    for branch_id, ingredient, opening, closing, delivered in world.query(STOCK):
        taken = sum(
            day.get(ingredient, 0.0)
            for night, day in used[branch_id].items()
            if date(2015, 11, 30) < night <= date(2015, 12, 31)
        )
        expected = float(opening + delivered) - taken
        compared += 1
        lost = expected - float(closing)
        if lost > 0.05 * float(opening + delivered):
            losses += 1
        # more than expected is there only where the kitchen had run out and sold on
        if lost < -0.01 and lost < -0.5 * taken:
            wrong.append((branch_id, ingredient, opening, delivered, taken, closing))
    assert compared == 5 * 40  # all but what no pizza has needed yet
    assert wrong == []
    assert 0 < losses < compared / 2


def test_the_days_after_bring_corrected_files_late_files_and_rejects(world: World) -> None:
    corrected = world.query(
        "select count(*) from raw_files._files"
        " where feed = 'stock_counts' and read_at > first_seen_at"
    )
    assert corrected > [(0,)]
    late = world.query(
        "select count(*) from raw_files._files as late"
        " where feed = 'stock_counts' and exists ("
        "   select 1 from raw_files._files as other where other.feed = late.feed"
        "   and other.first_seen_at < late.first_seen_at"
        "   and right(other.file_name, 14) = right(late.file_name, 14)"
        " ) and right(late.file_name, 14) >= '2016'"
    )
    assert late > [(0,)]
    rejects = world.query(
        "select distinct _reject is null, article from raw_files.lyon_sales"
        " where article = '.' or _reject is not null"
    )
    assert sorted(rejects, key=str) == [(False, None), (True, ".")]


def test_what_no_pizza_has_needed_yet_is_not_counted(world: World) -> None:
    """It would have run out on every day."""
    assert world.query(
        """
        select count(*) filter (where not exists (
            select from raw_files.stock_deliveries as deliveries
            where deliveries.branch_id = counts.branch_id
                and deliveries.ingredient = counts.ingredient
        )), count(*) > 1000
        from raw_files.stock_counts as counts
        where _file_name < 'stock/counts/' || branch_id || '/2016' and _reject is null
            and _deleted_at is null
        """
    ) == [(0, True)]
