"""What the models read of the raw layer: the tables and columns of dbt's sources."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import yaml
from psycopg import sql

from ingest.loads import packages
from ingest.loads.source import Connection
from ingest.warehouse import PROJECT_DIR, WarehouseError

Columns = Mapping[str, str]
"""A table's columns, each with its type as Postgres names it."""


@cache
def _sources() -> list[Any]:
    """Return dbt's sources as they are declared."""
    return [
        source
        for file in sorted(PROJECT_DIR.glob("models/staging/*/_*__sources.yml"))
        # libyaml's loader: safe_load takes a quarter of a second in Python
        for source in yaml.load(file.read_bytes(), yaml.CSafeLoader)["sources"]
    ]


@cache
def modelled(raw: str, name: str | None = None) -> Mapping[str, Columns]:
    """Return the tables of a raw schema that the models read, without dlt's own and ours.

    Args:
        raw: the raw schema.
        name: only those of the dbt source of this name; default all.

    Returns:
        The columns of each table; what dbt's sources give no `data_type` is text.

    Raises:
        WarehouseError: YAML reads a name as something else than text, like `no` as False.
    """
    found = {
        table["name"]: {
            column["name"]: column.get("data_type", "text") for column in table.get("columns", ())
        }
        for source in _sources()
        for table in source["tables"]
        if source.get("schema") == raw
        and name in (None, source["name"])
        and not str(table["name"]).startswith("_")
    }
    for table, columns in found.items():
        if wrong := [each for each in (table, *columns) if not isinstance(each, str)]:
            raise WarehouseError(
                f"YAML reads a name of the source table {table} of {raw} in models/staging as "
                f"{wrong[0]}: put the name in quotes in the sources' file."
            )
    return found


@cache
def needed_columns(raw: str, name: str) -> Mapping[str, list[str]]:
    """Return the columns without which the models cannot read a source's tables, by table.

    Args:
        raw: the raw schema.
        name: the name of the dbt source; a column whose `meta` says `optional` may be missing.
    """
    return {
        table["name"]: [
            column["name"]
            for column in table.get("columns", ())
            if not column.get("config", {}).get("meta", {}).get("optional")
            # ours, which no file has
            and column["name"] != "branch_id"
            and not column["name"].startswith("_")
        ]
        for source in _sources()
        if source.get("schema") == raw and source["name"] == name
        for table in source["tables"]
        if not table["name"].startswith("_")
    }


def names_of_customers(raw: str) -> dict[str, tuple[str, list[str]]]:
    """Return the tables of a raw schema whose rows name customers, by `meta` of dbt's sources.

    Args:
        raw: the raw schema.

    Returns:
        By table, the column with the customer's number, and the personal columns.
    """
    return {
        table["name"]: (meta["customer"], list(meta.get("personal") or ()))
        for source in _sources()
        for table in source["tables"]
        if source.get("schema") == raw
        and (meta := table.get("config", {}).get("meta", {})).get("customer")
    }


def unread_feeds(feeds: Mapping[str, Any]) -> set[str]:
    """Return the feeds of files that nothing reads: no model does, and no totals name them.

    Args:
        feeds: all feeds, by name, as they are configured.
    """
    totals = {feed.get("totals", {}).get("feed") for feed in feeds.values()}
    return feeds.keys() - modelled("raw_files").keys() - totals


def joined_feeds(source: str, listed: Collection[str]) -> set[str]:
    """Return the feeds of files that the models of others read beside their own.

    Args:
        source: the dbt source: exports or files.
        listed: the feeds that dbt_project.yml lists; a model of one that it does not is not built
            into anything, unless a listed one refers to it.

    Returns:
        The feeds that they name by `source()`, and those whose base model they name by `ref()`.
    """
    folder = PROJECT_DIR / "models" / "staging" / source
    texts = {file.stem: file.read_text("utf-8") for file in folder.rglob("*.sql")}
    named = re.compile(
        rf"""source\(\s*['"]{source}['"]\s*,\s*['"](\w+)['"]|ref\(\s*['"]base_{source}__(\w+)['"]"""
    )
    waiting, joined = [feed for feed in listed if f"base_{source}__{feed}" in texts], set[str]()
    while waiting:
        found = named.findall(texts.get(f"base_{source}__{waiting.pop()}", ""))
        names = {by_source or by_ref for by_source, by_ref in found} - joined
        waiting += names
        joined |= names
    return joined


def make_missing(connection: Connection, raw: str) -> None:
    """Make what the models read and no load has made, empty: a source that is not used builds, too.

    Args:
        connection: a connection as loader.
        raw: the raw schema, which is made, too.
    """
    packages.prepare(connection, raw)
    # dlt would not see a table without a column, and make it again
    for table, columns in ((name, found) for name, found in modelled(raw).items() if found):
        connection.execute(
            sql.SQL("create table if not exists {} ({})").format(
                sql.Identifier(raw, table),
                # the types are the project's own text, not input
                sql.SQL(", ").join(
                    sql.SQL("{} " + kind).format(sql.Identifier(name))
                    for name, kind in columns.items()
                ),
            )
        )
