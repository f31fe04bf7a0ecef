"""The tables that all feeds share, and what they know: feeds as declared, files as they landed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import yaml
from psycopg import sql

from ingest.loads import packages
from ingest.loads.raw_tables import exists
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.files.feed import Feed, configured_feeds
from ingest.sources.files.reading import File
from ingest.warehouse import PROJECT_DIR

STATEMENTS = Statements(__file__)
RAW = "raw_files"


def modelled_feeds() -> dict[str, list[str]]:
    """Return the feeds that the models read, with their columns, from the sources' YAML.

    Their tables are there before their first file is: a chain that has none yet builds, too.
    """
    feeds = {}
    for file in sorted(PROJECT_DIR.glob("models/staging/*/_*__sources.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"] if source.get("schema") == RAW else ():
                columns = [column["name"] for column in table.get("columns", ())]
                own = [name for name in columns if name[0] != "_" and name != "branch_id"]
                if own and table["name"][0] != "_":
                    feeds[table["name"]] = own
    return feeds


def expected_columns(feed: Feed) -> list[str]:
    """Return the columns that the models read of a feed, or that its export's totals name."""
    totals = [one.totals for one in configured_feeds() if one.totals]
    named = [column for one in totals if one.feed == feed.name for column in one.columns]
    return modelled_feeds().get(feed.name) or named


def prepare(connection: Connection, feeds: Sequence[Feed]) -> None:
    """Make the tables that all feeds share, and write down how each feed is written."""
    connection.execute(STATEMENTS("schema"))
    for name, modelled in modelled_feeds().items():
        table = sql.Identifier(RAW, name)
        with connection.transaction():
            connection.execute(STATEMENTS("feed_table", table=table))
            for column in modelled:
                connection.execute(
                    sql.SQL("alter table {} add column if not exists {} text").format(
                        table, sql.Identifier(column)
                    )
                )
    columns = [
        column.name
        for column in connection.execute("select * from raw_files._feeds limit 0").description or ()
    ]
    statement = STATEMENTS(
        "declare_feed",
        columns=names_of(columns),
        values=sql.SQL(", ").join(sql.Placeholder(column) for column in columns),
        excluded=names_of(columns, "excluded"),
    )
    for feed in feeds:
        facts = {**asdict(feed), "feed": feed.name, "branch_id": feed.branch}
        with connection.transaction():
            written = connection.execute(statement, {column: facts[column] for column in columns})
            if written.fetchone() == (True,):
                _redate(connection, feed)


def _redate(connection: Connection, feed: Feed) -> None:
    """Give all rows of a feed a new load: its dialect has changed, so they say something else."""
    if not exists(connection, f"{RAW}.{feed.name}"):
        return
    load_id = packages.new_load_id(connection)
    connection.execute(
        sql.SQL("update {} set _dlt_load_id = %s").format(sql.Identifier(RAW, feed.name)),
        [load_id],
    )
    packages.complete(connection, RAW, feed.schema_name, load_id)


def known_files(connection: Connection, feed: Feed) -> dict[str, tuple[Any, ...]]:
    """Return the feed's files that landed, by name: what they were, how read, whether there."""
    rows = connection.execute(STATEMENTS("known_files"), {"feed": feed.name})
    return {row[0]: row[1:] for row in rows}


def note_vanished(
    connection: Connection,
    feed: Feed,
    known: Mapping[str, tuple[Any, ...]],
    present: Sequence[File],
    branches: Sequence[str] | None,
) -> list[str]:
    """Write down which files are gone from the bucket, and say so once; their rows stay."""
    there = {file.name for file in present}
    gone = sorted(name for name, version in known.items() if version[-1] and name not in there)
    if not gone:
        return []
    cursor = connection.execute(
        STATEMENTS("note_vanished"),
        {"feed": feed.name, "gone": gone, "branches": branches and list(branches)},
    )
    if not cursor.rowcount:
        return []
    return [
        f"{cursor.rowcount} file(s) of the feed {feed.name} are gone from the bucket, first "
        f"{gone[0]}; their rows stay."
    ]


def names_of(names: Sequence[str], of: str | None = None) -> sql.Composed:
    """Return names as a list in SQL, of a table where one is given."""
    return sql.SQL(", ").join(
        sql.Identifier(of, name) if of else sql.Identifier(name) for name in names
    )
