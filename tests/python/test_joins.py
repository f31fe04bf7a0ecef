"""Joining two marts by a declared key adds no row and changes no sum, on the small company."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from psycopg import sql

from ingest.warehouse import Warehouse

KEYS = """
    select
        keys.conname,
        keys.conrelid::regclass::text,
        keys.confrelid::regclass::text,
        array(
            select attname::text from unnest(keys.conkey) with ordinality as place (number, nth)
            inner join pg_attribute on attrelid = keys.conrelid and attnum = place.number
            order by place.nth
        ),
        array(
            select attname::text from unnest(keys.confkey) with ordinality as place (number, nth)
            inner join pg_attribute on attrelid = keys.confrelid and attnum = place.number
            order by place.nth
        ),
        array(
            select attname::text from pg_attribute
            where
                attrelid = keys.conrelid and attnum > 0
                and atttypid in ('numeric'::regtype, 'integer'::regtype, 'bigint'::regtype)
            order by attnum
        )
    from pg_constraint as keys
    where keys.contype = 'f' and keys.connamespace = 'marts'::regnamespace
    order by 2, 1
"""


@dataclass(frozen=True)
class Key:
    """A foreign key of a mart, as the published database has it."""

    name: str
    mart: str
    target: str
    columns: list[str]
    target_columns: list[str]
    numbers: list[str]


@pytest.fixture(scope="module")
def keys(resting_warehouse: Warehouse) -> list[Key]:
    with resting_warehouse.connect() as connection:
        return [Key(*row) for row in connection.execute(KEYS).fetchall()]


def table(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def test_no_sum_grows_when_marts_are_joined_by_their_declared_keys(
    resting_warehouse: Warehouse, keys: list[Key]
) -> None:
    assert len(keys) > 60
    grown = []
    with resting_warehouse.connect() as connection:
        for key in keys:
            sums = sql.SQL(", ").join([
                sql.SQL("count(*)"),
                *(sql.SQL("sum(a.{})").format(sql.Identifier(name)) for name in key.numbers),
            ])  # fmt: skip
            on = sql.SQL(" and ").join(
                sql.SQL("a.{} = b.{}").format(sql.Identifier(left), sql.Identifier(right))
                for left, right in zip(key.columns, key.target_columns, strict=True)
            )
            alone, joined = (
                connection.execute(query).fetchone()
                for query in (
                    sql.SQL("select {} from {} as a").format(sums, table(key.mart)),
                    sql.SQL("select {} from {} as a left join {} as b on {}").format(
                        sums, table(key.mart), table(key.target), on
                    ),
                )
            )
            if alone != joined:
                grown.append(key.name)
    assert grown == []


def test_every_table_of_products_is_joined_with_one_row_per_product(keys: list[Key]) -> None:
    products = {key.mart for key in keys if key.mart.startswith("marts.rpt_product_")}
    assert len(products) == 4
    assert products == {
        key.mart for key in keys if key.target == "marts.dim_menu_items" and key.mart in products
    }


def test_every_table_of_periods_is_joined_with_one_row_per_period(keys: list[Key]) -> None:
    periods = {key.mart for key in keys if key.mart.endswith(("_periods", "_comparisons"))}
    assert len(periods) == 5
    assert periods == {key.mart for key in keys if key.target == "marts.dim_periods"}
