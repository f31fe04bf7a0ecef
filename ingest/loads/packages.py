"""dlt's own tables, and the one place that reads and writes them: everybody else asks here.

dlt writes a load's row into `_dlt_loads` as its very last act. A load of our own, in one
transaction, is recorded in the same way.
"""

from __future__ import annotations

import json
from typing import Any

from dlt.common import time as dlt_time
from dlt.common.versioned_state import decompress_state
from psycopg import sql

from ingest.loads.raw_tables import exists
from ingest.loads.source import Connection
from ingest.loads.statements import Statements

STATEMENTS = Statements(__file__)


def last_complete(connection: Connection, raw: str, schema_name: str | None = None) -> str | None:
    """Return the id of the newest complete load, or None before the first.

    Args:
        connection: a connection to the warehouse.
        raw: the raw schema.
        schema_name: dlt's name of the pipeline's schema, for example "pos_north"; None for any.
    """
    if not exists(connection, f"{raw}._dlt_loads"):
        return None
    row = connection.execute(
        sql.SQL(
            "select max(load_id) from {}"
            " where status = 0 and schema_name = coalesce(%s, schema_name)"
        ).format(sql.Identifier(raw, "_dlt_loads")),
        [schema_name],
    ).fetchone()
    return row[0] if row else None


def new_load_id(connection: Connection, raw: str) -> str:
    """Return an id for a load of our own that is newer than every load of its schema.

    Models take the highest id for the newest load. A client's clock that is behind, or was ahead in
    an earlier run, must not change their order; so the warehouse's clock is asked.

    Args:
        connection: a connection to the warehouse.
        raw: the raw schema, in which there may be no load yet.

    Returns:
        Seconds since 1970, as text with all of a float's digits.
    """
    row = connection.execute(STATEMENTS("clock"), {"loads": f"{raw}._dlt_loads"}).fetchone()
    now, has_loads = row or (0.0, False)
    newest = 0.0
    if has_loads:
        ((newest,),) = connection.execute(
            STATEMENTS("newest_id", loads=sql.Identifier(raw, "_dlt_loads"))
        ).fetchall()
    # a microsecond: a float of this size cannot tell much less
    return f"{max(now, newest + 1e-6):.7f}"


def follow_the_warehouse(connection: Connection, raw: str) -> None:
    """Let dlt's next packages have newer ids than all before, wherever this machine's clock is.

    dlt takes its ids from one strictly increasing clock, which goes on from its last value, and has
    no other way to be told of one; so it is that value that we set.

    Args:
        connection: a connection to the warehouse.
        raw: the raw schema that they load into.
    """
    clock = dlt_time.increasing_precise_time
    clock._last = max(clock._last, float(new_load_id(connection, raw)))


def prepare(connection: Connection, raw: str) -> None:
    """Make the table of loads where no load of dlt's has made it.

    Args:
        connection: a connection as loader.
        raw: the raw schema, which is made, too.
    """
    connection.execute(STATEMENTS("dlt_loads", schema=raw, loads=sql.Identifier(raw, "_dlt_loads")))


def completion(raw: str, schema_name: str, load_id: str) -> sql.Composed:
    """Return the statement that records a load of our own, once, as dlt records its own.

    Args:
        raw: the raw schema.
        schema_name: dlt's name of the pipeline's schema.
        load_id: the load.
    """
    return STATEMENTS(
        "complete_load",
        loads=sql.Identifier(raw, "_dlt_loads"),
        schema_name=sql.Literal(schema_name),
        load_id=sql.Literal(load_id),
    )


def complete(connection: Connection, raw: str, schema_name: str, load_id: str) -> None:
    """Record a load of our own as dlt records its own, at its very end.

    Args:
        connection: a connection, in the load's transaction.
        raw: the raw schema.
        schema_name: dlt's name of the pipeline's schema.
        load_id: the load.
    """
    connection.execute(completion(raw, schema_name, load_id))


def forget(connection: Connection, raw: str, schema_name: str) -> None:
    """Take a pipeline's loads back, and all that dlt knows of it: its next load is a first one.

    Args:
        connection: a connection to the warehouse.
        raw: the raw schema.
        schema_name: dlt's name of the pipeline's schema.
    """
    for table, column in (
        ("_dlt_loads", "schema_name"),
        ("_dlt_version", "schema_name"),
        ("_dlt_pipeline_state", "pipeline_name"),
    ):
        if exists(connection, f"{raw}.{table}"):
            connection.execute(
                sql.SQL("delete from {} where {} = %s").format(
                    sql.Identifier(raw, table), sql.Identifier(column)
                ),
                [schema_name],
            )


def retype(
    connection: Connection, raw: str, table: str, column: str, kinds: tuple[str, str]
) -> None:
    """Give a raw column a wider type, in one transaction; views that read it are dropped.

    dlt's staging table follows, and dlt learns the type from the next load.

    Args:
        connection: a connection as loader.
        raw: the raw schema.
        table: the table.
        column: the column.
        kinds: its type and the wider one, as Postgres calls them.
    """
    versions = sql.Identifier(raw, "_dlt_version")
    parts = {
        "column": sql.Identifier(column), "wider": sql.Identifier(f"{column[:55]}_wider"),
        "kind": sql.SQL("numeric(38, 10)" if kinds[1] == "numeric" else kinds[1]),
    }  # fmt: skip
    value = "cast({column} as {kind})"
    if kinds[0] == "boolean" and kinds[1] != "character varying":
        value = "cast(cast({column} as integer) as {kind})"
    elif kinds == ("date", "timestamp with time zone"):
        value = "cast({column} as timestamp) at time zone 'UTC'"
    with connection.transaction():
        for schema in (raw, f"{raw}_staging"):
            if exists(connection, f"{schema}.{table}"):
                where = sql.Identifier(schema, table)
                new = sql.SQL(value).format(**parts)
                connection.execute(STATEMENTS("retype", table=where, value=new, **parts))
        for version, text in connection.execute(
            sql.SQL("select version_hash, schema from {}").format(versions)
        ).fetchall():
            stored = json.loads(text)
            known = stored["tables"].get(table, {}).get("columns", {}).get(column, {})
            for hint in ("data_type", "precision", "scale", "timezone"):
                known.pop(hint, None)
            connection.execute(
                sql.SQL("update {} set schema = %s where version_hash = %s").format(versions),
                [json.dumps(stored), version],
            )


def known_columns(connection: Connection, raw: str, schema_name: str) -> dict[str, set[str]]:
    """Return the columns that a pipeline has ever landed, by table.

    Args:
        connection: a connection to the warehouse.
        raw: the raw schema.
        schema_name: dlt's name of the pipeline's schema.
    """
    if not exists(connection, f"{raw}._dlt_version"):
        return {}
    row = connection.execute(
        sql.SQL(
            "select schema from {} where schema_name = %s order by inserted_at desc limit 1"
        ).format(sql.Identifier(raw, "_dlt_version")),
        [schema_name],
    ).fetchone()
    tables = json.loads(row[0])["tables"] if row else {}
    return {name: set(table["columns"]) for name, table in tables.items()}


def cursors(connection: Connection, raw: str, schema_name: str) -> dict[str, dict[str, Any]] | None:
    """Return how far a pipeline has come: its newest complete load's cursors, by table and column.

    Args:
        connection: a connection to the warehouse.
        raw: the raw schema.
        schema_name: dlt's name of the pipeline and of its schema.

    Returns:
        The cursors, or None where no complete load has left any.
    """
    if not exists(connection, f"{raw}._dlt_pipeline_state"):
        return None
    row = connection.execute(
        sql.SQL(
            "select states.state from {} as states inner join {} as loads"
            " on states._dlt_load_id = loads.load_id"
            " where states.pipeline_name = %s and loads.status = 0"
            " order by loads.load_id desc limit 1"
        ).format(sql.Identifier(raw, "_dlt_pipeline_state"), sql.Identifier(raw, "_dlt_loads")),
        [schema_name],
    ).fetchone()
    if row is None:
        return None
    sources: Any = decompress_state(row[0]).get("sources", {})
    resources = sources.get(schema_name, {}).get("resources", {})
    return {
        table: {
            column: cursor.get("last_value")
            for column, cursor in resource.get("incremental", {}).items()
        }
        for table, resource in resources.items()
    }
