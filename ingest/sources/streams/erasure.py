"""Takes a person out of a stream: the topic's declaration says which fields identify one.

A topic is never changed, so its broker hands the same messages out to whoever reads it anew. In
raw, a message that names an erased person loses its personal fields, its key and its headers; what
it says of its event stays.
"""

from __future__ import annotations

from psycopg import sql

from ingest.loads import packages
from ingest.loads.raw_tables import exists
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.sources.streams.land import RAW, schema_name

STATEMENTS = Statements(__file__)


def streams_with_customers(connection: Connection) -> list[str]:
    """Return the streams whose messages name customers."""
    if not exists(connection, f"{RAW}._streams"):
        return []
    rows = connection.execute(
        "select stream from raw_streams._streams where customer is not null order by stream"
    )
    return [stream for (stream,) in rows.fetchall()]


def knows(connection: Connection, branch_id: str, customer_id: str) -> bool:
    """Say whether any message has ever named a customer.

    Args:
        connection: the session's connection.
        branch_id: the branch whose customer it is.
        customer_id: the customer's number there.
    """
    for stream in streams_with_customers(connection):
        with connection.transaction():
            _find(connection, stream, [(branch_id, customer_id)], after="")
            found = connection.execute("select exists (select 1 from named)").fetchone()
            connection.execute("drop table named")
        if found == (True,):
            return True
    return False


def erase(connection: Connection, stream: str) -> int:
    """Erase what has come in of erased people since they were last erased.

    Args:
        connection: the session's connection.
        stream: the stream.

    Returns:
        How many messages were changed.
    """
    newest = packages.last_complete(connection, RAW, schema_name(stream)) or ""
    with connection.transaction():
        people = connection.execute(STATEMENTS("to_erase"), {"stream": stream}).fetchall()
        after = min((load_id for _, _, load_id in people), default=newest)
        if after >= newest:
            return 0
        _find(connection, stream, [(branch, customer) for branch, customer, _ in people], after)
        table = sql.Identifier(RAW, stream)
        changed = connection.execute(STATEMENTS("erase", table=table)).rowcount
        connection.execute("drop table named")
        connection.cursor().executemany(
            STATEMENTS("remember_erased"),
            [
                {"stream": stream, "branch": branch, "customer": customer, "load_id": newest}
                for branch, customer, _ in people
            ],
        )
        connection.execute(
            "update audit.erasures set erased_at = coalesce(erased_at, clock_timestamp()),"
            " row_count = row_count + %s"
            " where (branch_id, customer_id) in (select branch_id, customer_id from"
            " raw_streams._erasures where stream = %s)",
            [changed, stream],
        )
    return changed


def _find(connection: Connection, stream: str, people: list[tuple[str, str]], after: str) -> None:
    """Put the messages that name people into the temporary table `named`."""
    connection.execute(
        STATEMENTS("named", table=sql.Identifier(RAW, stream)),
        {
            "after": after,
            "branches": [branch_id for branch_id, _ in people],
            "customers": [customer_id for _, customer_id in people],
        },
    )
