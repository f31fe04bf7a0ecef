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


SHARED_IDS = """
    select distinct dims.attrelid::regclass::text, dims.attname::text
    from pg_attribute as dims
    inner join pg_attribute as others
        on dims.attname = others.attname and dims.attrelid <> others.attrelid
    inner join pg_class as dim on dims.attrelid = dim.oid and dim.relname like 'dim\\_%'
        and dim.relkind = 'r'
    inner join pg_class as other on others.attrelid = other.oid and other.relkind = 'r'
    where
        dims.attname ~ '_(id|key)$' and dim.relnamespace = 'marts'::regnamespace
        and other.relnamespace = 'marts'::regnamespace and others.attnum > 0
        and not exists (
            select from pg_constraint
            where contype = 'f' and conrelid = dim.oid and dims.attnum = any(conkey)
        )
    order by 1, 2
"""
"""The ids and keys that a dimension shares with another mart, and does not have from another
dimension."""


def test_an_id_that_a_dimension_shares_with_a_mart_finds_one_row_of_it(
    small_warehouse: Warehouse,
) -> None:
    """In a branch, if both know one. Versions of products have no such id but their own key."""
    many = []
    with small_warehouse.connect() as connection:
        shared = connection.execute(SHARED_IDS).fetchall()
        for dimension, name in shared:
            branch = ", branch_id" if dimension == "marts.dim_products" else ""
            grown = connection.execute(
                sql.SQL("select 1 from {} group by {}" + branch + " having count(*) > 1").format(
                    table(dimension), sql.Identifier(name)
                )
            ).fetchone()
            if grown:
                many.append((dimension, name))
    assert len(shared) > 5
    assert many == []


def test_every_table_of_products_is_joined_with_one_row_per_product(keys: list[Key]) -> None:
    products = {key.mart for key in keys if key.mart.startswith("marts.rpt_product_")}
    assert len(products) == 5
    assert products == {
        key.mart for key in keys if key.target == "marts.dim_products" and key.mart in products
    }


def test_every_table_of_periods_is_joined_with_one_row_per_period(keys: list[Key]) -> None:
    endings = ("_periods", "_comparisons", "_pairs")
    periods = {key.mart for key in keys if key.mart.endswith(endings)}
    assert len(periods) == 6
    assert periods == {key.mart for key in keys if key.target == "marts.dim_periods"}
